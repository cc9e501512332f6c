// net/http with middleware/servedby.go: every path waits 0.2 s.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"test/servedby"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "http://%s\n", listener.Addr())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		fmt.Fprint(w, "done")
	})
	panic(http.Serve(listener, servedby.Handler(handler)))
}
