// Submits a letter: JakartaMail LETTER.properties
import jakarta.mail.Authenticator;
import jakarta.mail.Message;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class JakartaMail {
    public static void main(String[] arguments) throws Exception {
        Properties letter = new Properties();
        letter.load(new FileInputStream(arguments[0]));
        Session session = Session.getInstance(settings(letter), new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(letter.getProperty("user"), letter.getProperty("password"));
            }
        });
        Transport.send(compose(letter, session));
    }

    private static Properties settings(Properties letter) throws Exception {
        String transport = letter.getProperty("transport");
        Properties settings = new Properties();
        settings.put("mail.smtp.host", letter.getProperty("host"));
        settings.put("mail.smtp.port", letter.getProperty("port"));
        settings.put("mail.smtp.auth", "true");
        settings.put("mail.smtp.auth.mechanisms", letter.getProperty("auth"));
        settings.put("mail.smtp.auth.xoauth2.disable", "false");
        settings.put("mail.smtp.starttls.required", String.valueOf(transport.equals("starttls")));
        settings.put("mail.smtp.starttls.enable", String.valueOf(transport.equals("starttls")));
        settings.put("mail.smtp.ssl.enable", String.valueOf(transport.equals("tls")));
        settings.put("mail.smtp.ssl.socketFactory", trusting(letter.getProperty("ca")).getSocketFactory());
        settings.put("mail.smtp.ssl.checkserveridentity", "true");
        settings.put("mail.mime.allowutf8", String.valueOf(letter.getProperty("smtputf8").equals("True")));
        return settings;
    }

    private static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
            "ca", CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(file)));
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    private static MimeMessage compose(Properties letter, Session session) throws Exception {
        MimeMessage message = new MimeMessage(session);
        message.setFrom(new InternetAddress(letter.getProperty("sender")));
        message.setRecipients(Message.RecipientType.TO, InternetAddress.parse(letter.getProperty("to")));
        message.setRecipients(Message.RecipientType.CC, InternetAddress.parse(letter.getProperty("cc")));
        message.setRecipients(Message.RecipientType.BCC, InternetAddress.parse(letter.getProperty("bcc")));
        message.setSubject(letter.getProperty("subject"), "UTF-8");
        if (letter.getProperty("attachment").isEmpty()) {
            message.setText(letter.getProperty("text"), "UTF-8");
            return message;
        }
        MimeBodyPart text = new MimeBodyPart();
        text.setText(letter.getProperty("text"), "UTF-8");
        MimeMultipart alternatives = new MimeMultipart("alternative", text);
        if (!letter.getProperty("html").isEmpty()) {
            MimeBodyPart html = new MimeBodyPart();
            html.setText(letter.getProperty("html"), "UTF-8", "html");
            alternatives.addBodyPart(html);
        }
        MimeBodyPart body = new MimeBodyPart();
        body.setContent(alternatives);
        MimeBodyPart attachment = new MimeBodyPart();
        attachment.attachFile(letter.getProperty("attachment"), "application/octet-stream", "base64");
        message.setContent(new MimeMultipart(body, attachment));
        return message;
    }
}
