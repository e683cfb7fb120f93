import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.jena.graph.Graph;
import org.apache.jena.graph.compose.Union;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.shacl.ShaclValidator;
import org.apache.jena.shacl.Shapes;
import org.apache.jena.shacl.ValidationReport;
import org.apache.jena.shacl.validation.ReportEntry;
import org.eclipse.rdf4j.common.exception.ValidationException;
import org.eclipse.rdf4j.model.Model;
import org.eclipse.rdf4j.model.Resource;
import org.eclipse.rdf4j.model.Statement;
import org.eclipse.rdf4j.model.util.Models;
import org.eclipse.rdf4j.model.vocabulary.RDF4J;
import org.eclipse.rdf4j.model.vocabulary.SHACL;
import org.eclipse.rdf4j.repository.RepositoryException;
import org.eclipse.rdf4j.repository.sail.SailRepository;
import org.eclipse.rdf4j.repository.sail.SailRepositoryConnection;
import org.eclipse.rdf4j.rio.RDFFormat;
import org.eclipse.rdf4j.sail.memory.MemoryStore;
import org.eclipse.rdf4j.sail.shacl.ShaclSail;

/**
 * Validates files by Jena or RDF4J, each together with a background graph. Arguments: the tool, the shapes, the
 * background, the files, all N-Triples. Prints a line for each file, and tab-separated behind its name the results, each
 * as focus node and constraint component.
 */
public class OtherTools {
    public static void main(String[] arguments) throws Exception {
        for (int i = 3; i < arguments.length; i++) {
            List<String> results = arguments[0].equals("jena")
                ? jena(arguments[1], arguments[2], arguments[i])
                : rdf4j(arguments[1], arguments[2], arguments[i]);
            Collections.sort(results);
            System.out.println(arguments[i] + "\t" + String.join("\t", results));
        }
    }

    static List<String> jena(String shapes, String background, String file) {
        Graph data = new Union(RDFDataMgr.loadGraph(background), RDFDataMgr.loadGraph(file));
        ValidationReport report = ShaclValidator.get().validate(Shapes.parse(RDFDataMgr.loadGraph(shapes)), data);
        List<String> results = new ArrayList<>();
        for (ReportEntry entry : report.getEntries())
            results.add(entry.focusNode() + " " + entry.sourceConstraintComponent());
        return results;
    }

    static List<String> rdf4j(String shapes, String background, String file) throws Exception {
        SailRepository repository = new SailRepository(new ShaclSail(new MemoryStore()));
        List<String> results = new ArrayList<>();
        try (SailRepositoryConnection connection = repository.getConnection()) {
            connection.begin();
            connection.add(new File(shapes), RDFFormat.NTRIPLES, RDF4J.SHACL_SHAPE_GRAPH);
            connection.add(new File(background), RDFFormat.NTRIPLES);
            connection.add(new File(file), RDFFormat.NTRIPLES);
            connection.commit();
        } catch (RepositoryException error) {
            if (!(error.getCause() instanceof ValidationException)) throw error;
            Model report = ((ValidationException) error.getCause()).validationReportAsModel();
            for (Statement statement : report.filter(null, SHACL.RESULT, null)) {
                Resource result = (Resource) statement.getObject();
                results.add(Models.getProperty(report, result, SHACL.FOCUS_NODE).get().stringValue() + " "
                    + Models.getProperty(report, result, SHACL.SOURCE_CONSTRAINT_COMPONENT).get().stringValue());
            }
        }
        repository.shutDown();
        return results;
    }
}
