"""cheroot, the server of CherryPy: cheroot_app.py PORT THREADS"""
import sys

from cheroot.wsgi import Server

from wsgi import app

server = Server(("127.0.0.1", int(sys.argv[1])), app, numthreads=int(sys.argv[2]), max=int(sys.argv[2]))
server.start()
