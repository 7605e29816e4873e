import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.jar.JarFile;

/**
 * Starts DynamoDB Local so that it listens on one address. It has no option for that, and listens
 * on all interfaces of the machine.
 *
 * <p>The first argument is the jar, the second the address; the others are DynamoDB Local's own.
 * Exit code 78: this version of it is built in another way.
 *
 * <p>Loopback.class beside this file is made by: javac --release 8 Loopback.java
 */
public final class Loopback {
    private static final int UNKNOWN_VERSION = 78;

    private Loopback() {}

    public static void main(String[] arguments) throws Exception {
        String[] own = new String[arguments.length - 2];
        System.arraycopy(arguments, 2, own, 0, own.length);
        Object server;
        try {
            server = create(arguments[0], own);
            keepTo(arguments[1], server);
        } catch (ReflectiveOperationException error) {
            System.exit(UNKNOWN_VERSION);
            return;
        }
        server.getClass().getMethod("safeStart").invoke(server);
        server.getClass().getMethod("join").invoke(server);
    }

    private static Object create(String jar, String[] own) throws Exception {
        String name;
        try (JarFile file = new JarFile(jar)) {
            name = file.getManifest().getMainAttributes().getValue("Main-Class");
        }
        Method method = Class.forName(name).getMethod("createServerFromCommandLineArgs", String[].class);
        return method.invoke(null, (Object) own);
    }

    private static void keepTo(String address, Object server) throws ReflectiveOperationException {
        Field field = server.getClass().getDeclaredField("server");
        field.setAccessible(true);
        Object jetty = field.get(server);
        Object[] connectors = (Object[]) jetty.getClass().getMethod("getConnectors").invoke(jetty);
        for (Object connector : connectors) {
            connector.getClass().getMethod("setHost", String.class).invoke(connector, address);
        }
    }
}
