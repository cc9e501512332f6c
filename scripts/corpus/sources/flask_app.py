"""Flask's own server: flask_app.py PORT threaded|single"""
import sys
import time

from flask import Flask

app = Flask(__name__)


@app.get("/<int:ms>")
def wait(ms):
    time.sleep(ms / 1e3)
    return "ok\n"


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), threaded=sys.argv[2] == "threaded")
