# Rack: the path gives the time in milliseconds: /200
run(lambda do |env|
  sleep(env["PATH_INFO"].delete_prefix("/").to_i / 1000.0)
  [200, { "content-type" => "text/plain" }, ["ok\n"]]
end)
