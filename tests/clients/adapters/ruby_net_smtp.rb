# Submits a letter: ruby_net_smtp.rb LETTER.json
require 'json'
require 'net/smtp'

letter = JSON.parse(File.read(ARGV[0]))
transport = letter['transport']
smtp = Net::SMTP.new(letter['host'], letter['port'], tls: transport == 'tls',
                     starttls: transport == 'starttls' && :always,
                     ssl_context_params: { ca_file: letter['ca'] })
smtp.start(helo: 'client.example', user: letter['user'], secret: letter['password'],
           authtype: letter['auth'].downcase.to_sym) do |session|
  session.send_message(File.binread(letter['raw']), letter['sender'], *letter['recipients'])
end
