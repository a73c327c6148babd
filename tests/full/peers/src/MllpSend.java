import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.llp.MinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Sends every file of FOLDER to 127.0.0.1:PORT by MLLP, with TLS where the third argument is "tls", and prints MSH-10 of each
 * message and MSA-1 and MSA-2 of its answer.
 */
public class MllpSend {
    public static void main(String[] args) throws Exception {
        boolean tls = args.length > 2 && args[2].equals("tls");
        MinLowerLayerProtocol llp = new MinLowerLayerProtocol(true);
        llp.setCharset("UTF-8");
        try (HapiContext context = new DefaultHapiContext()) {
            context.setLowerLayerProtocol(llp);
            context.setSocketFactory(new MutualTls());
            context.setValidationContext(ValidationContextFactory.noValidation());
            Connection connection = context.newClient("127.0.0.1", Integer.parseInt(args[0]), tls);
            PipeParser parser = context.getPipeParser();
            Path[] files;
            try (var listing = Files.list(Path.of(args[1]))) {
                files = listing.toArray(Path[]::new);
            }
            Arrays.sort(files);
            for (Path file : files) {
                Message message = parser.parse(Files.readString(file, StandardCharsets.UTF_8));
                Terser answer = new Terser(connection.getInitiator().sendAndReceive(message));
                String sent = new Terser(message).get("/MSH-10");
                System.out.println(sent + " " + answer.get("/MSA-1") + " " + answer.get("/MSA-2"));
            }
            connection.close();
        }
    }
}
