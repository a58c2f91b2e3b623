# Submits a letter: perl_net_smtp.pl LETTER.json
use strict;
use warnings;
use Authen::SASL;
use JSON::PP;
use Net::SMTP;

sub slurp {
    open my $file, '<:raw', shift or die $!;
    local $/;
    return scalar <$file>;
}

my $letter = decode_json(slurp($ARGV[0]));
my %tls = (SSL_ca_file => $letter->{ca}, SSL_verifycn_name => $letter->{host});
my $smtp = Net::SMTP->new(
    $letter->{host}, Port => $letter->{port}, Timeout => 60, Hello => 'client.example',
    $letter->{transport} eq 'tls' ? (SSL => 1, %tls) : ()) or die "connect: $@\n";

sub check {
    my ($what, $ok) = @_;
    die "$what: " . $smtp->code . ' ' . $smtp->message unless $ok;
}

check('STARTTLS', $smtp->starttls(%tls)) if $letter->{transport} eq 'starttls';
check('AUTH', $smtp->auth(Authen::SASL->new(
    mechanism => $letter->{auth},
    callback => { user => $letter->{user}, authname => '', pass => $letter->{password} })));
check('MAIL', $smtp->mail($letter->{sender}));
check('RCPT', $smtp->to(@{ $letter->{recipients} }));
check('DATA', $smtp->data(slurp($letter->{raw})));
check('QUIT', $smtp->quit);
