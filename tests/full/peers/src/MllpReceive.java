import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.llp.MinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.protocol.ReceivingApplicationExceptionHandler;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Receives by MLLP on PORT, with TLS where the third argument is "tls", and acknowledges. A message becomes FOLDER/ID.hl7,
 * ID being its control id, and each time that it comes a line of FOLDER/log; one that cannot be parsed becomes an "error" line.
 */
public class MllpReceive {
    public static void main(String[] args) throws Exception {
        boolean tls = args.length > 2 && args[2].equals("tls");
        MinLowerLayerProtocol llp = new MinLowerLayerProtocol(true);
        llp.setCharset("UTF-8");
        HapiContext context = new DefaultHapiContext();
        context.setLowerLayerProtocol(llp);
        context.setSocketFactory(new MutualTls());
        context.setValidationContext(ValidationContextFactory.noValidation());
        HL7Service server = context.newServer(Integer.parseInt(args[0]), tls);
        Path folder = Path.of(args[1]);
        server.registerApplication(new ReceivingApplication<Message>() {
            public Message processMessage(Message message, Map<String, Object> metadata) throws HL7Exception {
                try {
                    String id = new Terser(message).get("/MSH-10");
                    Files.writeString(folder.resolve(id + ".hl7"), message.encode());
                    note(folder, "got " + id);
                    return message.generateACK();
                } catch (IOException failure) {
                    throw new HL7Exception(failure);
                }
            }

            public boolean canProcess(Message message) {
                return true;
            }
        });
        server.setExceptionHandler(new ReceivingApplicationExceptionHandler() {
            public String processException(String message, Map<String, Object> metadata, String answer, Exception cause) {
                note(folder, "error " + cause.getMessage());
                return answer;
            }
        });
        server.startAndWait();
        System.out.println("ready");
    }

    static synchronized void note(Path folder, String line) {
        try {
            byte[] bytes = (line.replace('\n', ' ') + "\n").getBytes(StandardCharsets.UTF_8);
            Files.write(folder.resolve("log"), bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
