import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Patient;

/** What a clinical system does with HAPI's client: capabilities, create, update, delete, transaction at BASE; a line an answer. */
public class FhirClient {
    public static void main(String[] args) {
        // The client itself reads the CapabilityStatement before its first request, and refuses another version of FHIR.
        IGenericClient client = FhirContext.forR4().newRestfulGenericClient(args[0]);
        client.setEncoding(EncodingEnum.JSON);

        CapabilityStatement can = client.capabilities().ofType(CapabilityStatement.class).execute();
        long writable = can.getRestFirstRep().getResource().stream().filter(one -> one.getInteraction().size() == 3).count();
        say("capabilities", can.getFhirVersion().toCode(), can.getKind().toCode(), writable);

        tell("create", client.create().resource(patient()).execute());

        Patient known = patient();
        known.setId("client-1");
        tell("update", client.update().resource(known).execute());
        tell("delete", client.delete().resourceById(new IdType("Patient/client-2")).execute());

        Observation pulse = new Observation();
        pulse.setId("client-3");
        pulse.setStatus(Observation.ObservationStatus.FINAL);
        pulse.getCode().addCoding().setSystem("http://loinc.org").setCode("8867-4");
        pulse.getSubject().setReference("Patient/client-1");
        Bundle bundle = new Bundle().setType(Bundle.BundleType.TRANSACTION);
        put(bundle, known, "Patient/client-1");
        put(bundle, pulse, "Observation/client-3");
        Bundle answer = client.transaction().withBundle(bundle).execute();
        say("transaction", answer.getType().toCode(), answer.getEntry().size(), answer.getEntryFirstRep().getResponse().getStatus());

        try {
            client.read().resource(Patient.class).withId("client-1").execute();
        } catch (BaseServerResponseException refusal) {
            OperationOutcome outcome = (OperationOutcome) refusal.getOperationOutcome();
            say("read", refusal.getStatusCode(), outcome.getIssueFirstRep().getCode().toCode());
        }
    }

    static Patient patient() {
        Patient patient = new Patient();
        patient.addIdentifier().setSystem("urn:oid:2.16.840.1.113883.19.5").setValue("7700123");
        patient.addName().setFamily("Quillfeather").addGiven("Marigold");
        patient.getBirthDateElement().setValueAsString("1971-05-09");
        return patient;
    }

    static void put(Bundle bundle, org.hl7.fhir.r4.model.Resource resource, String url) {
        bundle.addEntry().setFullUrl("https://fhir.stmary.example/r4/" + url).setResource(resource).getRequest().setMethod(Bundle.HTTPVerb.PUT).setUrl(url);
    }

    static void tell(String what, MethodOutcome answer) {
        OperationOutcome outcome = (OperationOutcome) answer.getOperationOutcome();
        String issue = outcome == null ? "none" : outcome.getIssueFirstRep().getSeverity().toCode();
        boolean named = answer.getId() != null && answer.getId().hasIdPart();
        say(what, answer.getResponseStatusCode(), issue, named);
    }

    static void say(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words) {
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        System.out.println(line);
    }
}
