// Package servedby names the process that serves a request in the header Served-By, defined by docs/evidence.md. Usage:
// http.ListenAndServe(address, servedby.Handler(mux))
package servedby

import (
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

var served int64

func now() string { return fmt.Sprintf("%.6f", float64(time.Now().UnixNano())/1e9) }

type writer struct {
	http.ResponseWriter
	value string // without the time of the answer
}

func (w *writer) WriteHeader(status int) {
	w.Header().Set("Served-By", fmt.Sprintf(`%s;left="%s"`, w.value, now()))
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(body []byte) (int, error) {
	if w.Header().Get("Served-By") == "" {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(body)
}

// Handler adds the header to the answers of next.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value := fmt.Sprintf(`"%d";served=%d;entered="%s"`, os.Getpid(), atomic.AddInt64(&served, 1), now())
		next.ServeHTTP(&writer{w, value}, r)
	})
}
