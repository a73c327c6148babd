import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.rest.annotation.IdParam;
import ca.uhn.fhir.rest.annotation.Read;
import ca.uhn.fhir.rest.annotation.ResourceParam;
import ca.uhn.fhir.rest.annotation.Transaction;
import ca.uhn.fhir.rest.annotation.TransactionParam;
import ca.uhn.fhir.rest.annotation.Update;
import ca.uhn.fhir.rest.annotation.Create;
import ca.uhn.fhir.rest.annotation.Delete;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.server.RequestDetails;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
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

/** An R4 server on 127.0.0.1:PORT that validates what it is given: PUT, GET, DELETE and transaction, in memory. POST /validate only says what is wrong. */
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
        for (String type : CONTEXT.getResourceTypes()) {
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
        handler.addServlet(new ServletHolder(new Verdict()), "/validate");
        server.setHandler(handler);
        server.start();
        System.out.println("ready");
    }

    /** What is wrong with a resource, a line an error; the text as it came, because a parser may leave out what it does not know. */
    static List<String> errors(String json) {
        List<String> found = new ArrayList<>();
        for (SingleValidationMessage message : validator.validateWithResult(json).getMessages()) {
            if (message.getSeverity() == ResultSeverityEnum.ERROR || message.getSeverity() == ResultSeverityEnum.FATAL) {
                found.add((message.getLocationString() + ": " + message.getMessage()).replace('\n', ' '));
            }
        }
        return found;
    }

    static void check(RequestDetails request) {
        List<String> found = errors(new String(request.loadRequestContents(), StandardCharsets.UTF_8));
        for (String line : found) {
            System.out.println("invalid " + line);
        }
        if (!found.isEmpty()) {
            throw new UnprocessableEntityException(found.get(0));
        }
    }

    /** POST a resource: its errors, a line each; nothing is stored. */
    public static class Verdict extends HttpServlet {
        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String json = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            response.setContentType("text/plain;charset=utf-8");
            response.getWriter().write(String.join("\n", errors(json)));
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

        @Create
        public MethodOutcome create(@ResourceParam IBaseResource resource, RequestDetails request) {
            return update(new IdType(((Resource) resource).fhirType(), UUID.randomUUID().toString()), resource, request);
        }

        @Update
        public MethodOutcome update(@IdParam IdType id, @ResourceParam IBaseResource resource, RequestDetails request) {
            check(request);
            boolean created = STORE.put(id.toUnqualifiedVersionless().getValue(), (Resource) resource) == null;
            return new MethodOutcome(id.withVersion("1"), created);
        }

        @Delete
        public MethodOutcome delete(@IdParam IdType id) {
            STORE.remove(id.toUnqualifiedVersionless().getValue());
            return new MethodOutcome(id);
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
        public Bundle transaction(@TransactionParam Bundle bundle, RequestDetails request) {
            check(request);
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
