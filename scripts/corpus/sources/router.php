<?php
// The path gives the time in milliseconds: /200. With /session/200 the session is locked all the time, with
// /half/200 for half of it.
[$way, $ms] = array_pad(explode("/", trim($_SERVER["REQUEST_URI"], "/")), -2, "");
if ($way === "half") {
    usleep($ms * 500);
    session_start();
    usleep($ms * 500);
    session_write_close();
} else {
    if ($way === "session") {
        session_start();
    }
    usleep($ms * 1000);
}
header("Content-Type: text/plain");
echo "ok\n";
