import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.llp.MinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Receives by MLLP on PORT, writes each message to FOLDER as NUMBER.hl7, prints its control id, and acknowledges. */
public class MllpReceive {
    public static void main(String[] args) throws Exception {
        MinLowerLayerProtocol llp = new MinLowerLayerProtocol(true);
        llp.setCharset("UTF-8");
        HapiContext context = new DefaultHapiContext();
        context.setLowerLayerProtocol(llp);
        context.setValidationContext(ValidationContextFactory.noValidation());
        HL7Service server = context.newServer(Integer.parseInt(args[0]), false);
        AtomicInteger count = new AtomicInteger();
        Path folder = Path.of(args[1]);
        server.registerApplication(new ReceivingApplication<Message>() {
            public Message processMessage(Message message, Map<String, Object> metadata) throws HL7Exception {
                try {
                    Files.writeString(folder.resolve(String.format("%06d.hl7", count.getAndIncrement())), message.encode());
                    System.out.println(new Terser(message).get("/MSH-10"));
                    return message.generateACK();
                } catch (IOException failure) {
                    throw new HL7Exception(failure);
                }
            }

            public boolean canProcess(Message message) {
                return true;
            }
        });
        server.startAndWait();
        System.out.println("ready");
    }
}
