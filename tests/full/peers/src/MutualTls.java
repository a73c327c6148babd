import ca.uhn.hl7v2.util.StandardSocketFactory;
import java.io.IOException;
import java.net.ServerSocket;
import javax.net.ssl.SSLServerSocket;

/** Sockets from the key and trust stores that javax.net.ssl.* name; a server demands a client certificate. */
class MutualTls extends StandardSocketFactory {
    @Override
    public ServerSocket createTlsServerSocket() throws IOException {
        SSLServerSocket socket = (SSLServerSocket) super.createTlsServerSocket();
        socket.setNeedClientAuth(true);
        return socket;
    }
}
