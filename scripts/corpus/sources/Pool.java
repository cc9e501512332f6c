import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The JDK's HTTP server: Pool PORT MODE; the path gives the time in milliseconds: /200. */
public class Pool {
    public static void main(String[] args) throws Exception {
        String mode = args[1];
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 4096);
        Semaphore connections = new Semaphore(5, true);
        Object monitor = new Object();
        server.createContext("/", exchange -> {
            long ms = Long.parseLong(exchange.getRequestURI().getPath().substring(1));
            try {
                if (mode.endsWith("semaphore")) {
                    connections.acquire();
                    Thread.sleep(ms);
                    connections.release();
                } else if (mode.endsWith("synchronized")) {
                    Thread.sleep(ms / 2);
                    synchronized (monitor) {
                        Thread.sleep(ms / 2);
                    }
                } else {
                    Thread.sleep(ms);
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            exchange.sendResponseHeaders(200, 3);
            exchange.getResponseBody().write("ok\n".getBytes());
            exchange.close();
        });
        server.setExecutor(executor(mode));
        server.start();
    }

    private static Executor executor(String mode) throws ReflectiveOperationException {
        if (mode.startsWith("virtual")) {
            // By its name: the compiler may be older.
            return (Executor) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        }
        return switch (mode) {
            case "fixed-4" -> Executors.newFixedThreadPool(4);
            case "fixed-10" -> Executors.newFixedThreadPool(10);
            case "single" -> null; // the dispatcher's own thread
            // From 2 threads to 6, but only if the queue of 10 is full: the rule that surprises.
            case "queue-10" -> new ThreadPoolExecutor(2, 6, 60, TimeUnit.SECONDS, new LinkedBlockingQueue<>(10));
            default -> Executors.newCachedThreadPool();
        };
    }
}
