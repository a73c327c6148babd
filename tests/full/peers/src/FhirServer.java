import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.rest.annotation.IdParam;
import ca.uhn.fhir.rest.annotation.Read;
import ca.uhn.fhir.rest.annotation.ResourceParam;
import ca.uhn.fhir.rest.annotation.Transaction;
import ca.uhn.fhir.rest.annotation.TransactionParam;
import ca.uhn.fhir.rest.annotation.Update;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Resource;

/** An R4 server on 127.0.0.1:PORT that validates what it is given: PUT, GET and transaction, in memory. */
public class FhirServer {
    static final FhirContext CONTEXT = FhirContext.forR4();
    static final Map<String, Resource> STORE = new ConcurrentHashMap<>();
    static FhirValidator validator;

    public static void main(String[] args) throws Exception {
        ValidationSupportChain support = new ValidationSupportChain(
            new DefaultProfileValidationSupport(CONTEXT),
            new InMemoryTerminologyServerValidationSupport(CONTEXT),
            new CommonCodeSystemsTerminologyService(CONTEXT));
        FhirInstanceValidator instance = new FhirInstanceValidator(support);
        instance.setAnyExtensionsAllowed(true);
        validator = CONTEXT.newValidator().registerValidatorModule(instance);
        RestfulServer servlet = new RestfulServer(CONTEXT);
        for (String type : args[1].split(",")) {
            servlet.registerProvider(new Type(CONTEXT.getResourceDefinition(type).getImplementingClass()));
        }
        servlet.registerProvider(new Transactions());
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        server.addConnector(connector);
        ServletContextHandler handler = new ServletContextHandler("/");
        handler.addServlet(new ServletHolder(servlet), "/fhir/*");
        server.setHandler(handler);
        server.start();
        System.out.println("ready");
    }

    static void check(IBaseResource resource) {
        var result = validator.validateWithResult(resource);
        for (SingleValidationMessage message : result.getMessages()) {
            if (message.getSeverity() == ResultSeverityEnum.ERROR || message.getSeverity() == ResultSeverityEnum.FATAL) {
                String text = message.getLocationString() + ": " + message.getMessage();
                System.out.println("invalid " + text);
                throw new UnprocessableEntityException(text);
            }
        }
    }

    public static class Type implements IResourceProvider {
        private final Class<? extends IBaseResource> type;

        Type(Class<? extends IBaseResource> type) {
            this.type = type;
        }

        public Class<? extends IBaseResource> getResourceType() {
            return type;
        }

        @Update
        public MethodOutcome update(@IdParam IdType id, @ResourceParam IBaseResource resource) {
            check(resource);
            boolean created = STORE.put(id.toUnqualifiedVersionless().getValue(), (Resource) resource) == null;
            return new MethodOutcome(id.withVersion("1"), created);
        }

        @Read
        public IBaseResource read(@IdParam IdType id) {
            Resource found = STORE.get(id.toUnqualifiedVersionless().getValue());
            if (found == null) {
                throw new ResourceNotFoundException(id);
            }
            return found;
        }
    }

    public static class Transactions {
        @Transaction
        public Bundle transaction(@TransactionParam Bundle bundle) {
            check(bundle);
            Bundle answer = new Bundle();
            answer.setType(Bundle.BundleType.TRANSACTIONRESPONSE);
            for (Bundle.BundleEntryComponent entry : bundle.getEntry()) {
                STORE.put(entry.getRequest().getUrl(), entry.getResource());
                answer.addEntry().getResponse().setStatus("201 Created").setLocation(entry.getRequest().getUrl());
            }
            return answer;
        }
    }
}
