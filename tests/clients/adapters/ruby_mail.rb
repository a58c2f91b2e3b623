# Submits a letter: ruby_mail.rb LETTER.json
require 'json'
require 'mail'

letter = JSON.parse(File.read(ARGV[0]))
transport = letter['transport']
mail = Mail.new(charset: 'UTF-8', from: letter['sender'], to: letter['to'], cc: letter['cc'],
                bcc: letter['bcc'], subject: letter['subject'])
text = Mail::Part.new(content_type: 'text/plain; charset=UTF-8', body: letter['text'])
html = Mail::Part.new(content_type: 'text/html; charset=UTF-8', body: letter['html'])
if letter['attachment'].empty?
  mail.content_type = 'text/plain; charset=UTF-8'
  mail.body = letter['text']
else
  mail.text_part = text
  mail.html_part = html unless letter['html'].empty?
  mail.attachments[letter['attachment_name']] = File.binread(letter['attachment'])
end
mail.delivery_method :smtp, address: letter['host'], port: letter['port'], domain: 'client.example',
                            user_name: letter['user'], password: letter['password'],
                            authentication: letter['auth'].downcase,
                            tls: transport == 'tls', enable_starttls: transport == 'starttls',
                            enable_starttls_auto: false, openssl_verify_mode: 'peer'
mail.deliver!
