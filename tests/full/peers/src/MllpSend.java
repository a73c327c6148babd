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

/** Sends every file of a folder to 127.0.0.1:PORT by MLLP and prints MSA-1, a space and MSA-2 of each answer. */
public class MllpSend {
    public static void main(String[] args) throws Exception {
        MinLowerLayerProtocol llp = new MinLowerLayerProtocol(true);
        llp.setCharset("UTF-8");
        try (HapiContext context = new DefaultHapiContext()) {
            context.setLowerLayerProtocol(llp);
            context.setValidationContext(ValidationContextFactory.noValidation());
            Connection connection = context.newClient("127.0.0.1", Integer.parseInt(args[0]), false);
            PipeParser parser = context.getPipeParser();
            Path[] files;
            try (var listing = Files.list(Path.of(args[1]))) {
                files = listing.toArray(Path[]::new);
            }
            Arrays.sort(files);
            for (Path file : files) {
                Message message = parser.parse(Files.readString(file, StandardCharsets.UTF_8));
                Terser answer = new Terser(connection.getInitiator().sendAndReceive(message));
                System.out.println(answer.get("/MSA-1") + " " + answer.get("/MSA-2"));
            }
            connection.close();
        }
    }
}
