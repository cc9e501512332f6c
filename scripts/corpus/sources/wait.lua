-- Apache's mod_lua: the query gives the time in milliseconds: /wait.lua?200
local socket = require("socket")

function handle(r)
  r.content_type = "text/plain"
  socket.sleep(tonumber(r.args) / 1000)
  r:puts("ok\n")
  return apache2.OK
end
