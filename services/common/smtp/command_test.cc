#include "common/smtp/command.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::smtp {
namespace {

using std::string_literals::operator""s;
using enum SyntaxError;

struct LineCase {
  std::string line;
  Verb verb;
  std::string argument;
};

TEST(Command, VerbsAreReadWithoutCase) {
  const std::vector<LineCase> cases = {
      {"EHLO mx.example", Verb::kEhlo, "mx.example"},
      {"helo x", Verb::kHelo, "x"},
      {"MAIL FROM:<a@b>", Verb::kMail, "FROM:<a@b>"},
      {"Rcpt to:<a@b>", Verb::kRcpt, "to:<a@b>"},
      {"data", Verb::kData, ""},
      {"DATA  ", Verb::kData, ""},
      {"BDAT 10 LAST", Verb::kBdat, "10 LAST"},
      {"rSeT", Verb::kRset, ""},
      {"NOOP  ignored words ", Verb::kNoop, "ignored words"},
      {"QUIT\t", Verb::kQuit, ""},
      {"VRFY a", Verb::kVrfy, "a"},
      {"EXPN a", Verb::kExpn, "a"},
      {"HELP", Verb::kHelp, ""},
      {"AUTH PLAIN", Verb::kAuth, "PLAIN"},
      {"starttls", Verb::kStartTls, ""},
      {"XCLIENT NAME=x", Verb::kXclient, "NAME=x"},
      {"EHLO\tx", Verb::kEhlo, "x"},
      {"", Verb::kUnknown, ""},
      {" ", Verb::kUnknown, ""},
      {" QUIT", Verb::kUnknown, "QUIT"},
      {"QUITX", Verb::kUnknown, ""},
      {"QUI", Verb::kUnknown, ""},
      {"MAILFROM:<a@b>", Verb::kUnknown, ""},
      {"GET / HTTP/1.1", Verb::kUnknown, "/ HTTP/1.1"},
      {"\xC3\xA8", Verb::kUnknown, ""},
  };
  for (const LineCase& c : cases) {
    const Command command = ParseCommand(c.line);
    EXPECT_EQ(command.verb, c.verb) << c.line;
    EXPECT_EQ(command.argument, c.argument) << c.line;
  }
}

TEST(Command, ControlsInALine_MakeItMalformed) {
  for (const std::string& line : {"NOOP\0"s, "EHLO a\rb"s, "MAIL FROM:<a@b>\nRCPT"s,
                                  "\x16\x03\x01"s, "NOOP \x7F"s, "NOOP \x1B"s, "QUIT\r"s}) {
    EXPECT_EQ(ParseCommand(line).verb, Verb::kMalformed) << testing::PrintToString(line);
  }
}

TEST(Command, VerbNames) {
  EXPECT_EQ(VerbName(Verb::kStartTls), "STARTTLS");
  EXPECT_EQ(VerbName(Verb::kUnknown), "?");
  EXPECT_EQ(VerbName(Verb::kMalformed), "?");
}

TEST(Command, MailArguments_AreRead) {
  const auto args = ParseMail("from: <a@b> size=10 Body=8BITMIME  SMTPUTF8 AUTH=<>\t", true);
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->reverse_path.ToString(), "a@b");
  ASSERT_EQ(args->params.list.size(), 4u);
  EXPECT_EQ(args->params.Find("SIZE")->value, "10");
  EXPECT_EQ(args->params.Find("BODY")->value, "8BITMIME");
  EXPECT_EQ(args->params.Find("SMTPUTF8")->value, std::nullopt);
  EXPECT_EQ(args->params.Find("AUTH")->value, "<>");
  EXPECT_FALSE(args->params.Has("RET"));

  for (const char* good : {"FROM:<>", "FROM: <>", "From:\t<>", "FROM:<@r.org:a@b>"}) {
    EXPECT_TRUE(ParseMail(good, false).ok()) << good;
  }
  EXPECT_TRUE(ParseMail("FROM:<>", false)->reverse_path.IsNull());
}

TEST(Command, BadMailArguments_AreRefused) {
  const std::vector<std::pair<std::string, SyntaxError>> cases = {
      {"", kBadArgument},
      {"<a@b>", kBadArgument},
      {"FROM", kBadArgument},
      {"TO:<a@b>", kBadArgument},
      {"FROM :<a@b>", kBadArgument},
      {"FROM:", kPathWithoutBrackets},
      {"FROM:a@b", kPathWithoutBrackets},
      {"FROM: a@b SIZE=1", kPathWithoutBrackets},
      {"FROM:<postmaster>", kNoDomain},
      {"FROM:<a@b>SIZE=1", kBadArgument},
      {"FROM:<a@b> =1", kBadParameter},
      {"FROM:<a@b> SIZE=", kBadParameter},
      {"FROM:<a@b> SIZE=1=2", kBadParameter},
      {"FROM:<a@b> -X=1", kBadParameter},
      {"FROM:<a@b> S_Z=1", kBadParameter},
      {"FROM:<a@b> <c@d>", kBadParameter},
      {"FROM:<a@b> SIZE=1 SIZE=1", kDuplicateParameter},
      {"FROM:<a@b> SIZE=1 size=2", kDuplicateParameter},
      {"FROM:<a@b> ENVID=\x01", kBadParameter},
      {"FROM:<a@b> ENVID=a\rb", kBadParameter},
      {"FROM:<a@b> SMTPUTF8 ENVID=\xFF", kBadUtf8},
  };
  for (const auto& [argument, error] : cases) {
    const auto args = ParseMail(argument, true);
    ASSERT_FALSE(args.ok()) << argument;
    EXPECT_EQ(args.error(), error) << argument;
  }
}

// SPEC S4
TEST(Command, InternationalSender_NeedsTheParameterAndTheOffer) {
  const std::string argument = "FROM:<\xC3\xA8@b>";
  EXPECT_TRUE(ParseMail(argument + " SMTPUTF8", true).ok());
  EXPECT_EQ(ParseMail(argument, true).error(), kUtf8NotAllowed);
  EXPECT_EQ(ParseMail(argument + " SMTPUTF8", false).error(), kUtf8NotAllowed);
  EXPECT_EQ(ParseMail("FROM:<a@b> X=\xC3\xA8", true).error(), kUtf8NotAllowed);
  EXPECT_TRUE(ParseRcpt("TO:<\xC3\xA8@b>", true).ok());
  EXPECT_EQ(ParseRcpt("TO:<\xC3\xA8@b>", false).error(), kUtf8NotAllowed);
  EXPECT_EQ(ParseRcpt("TO:<a@b> X=\xC3\xA8", false).error(), kUtf8NotAllowed);
  EXPECT_EQ(ParseRcpt("TO:<a@b> X=a\xC2\x9E", true).error(), kBadParameter) << "a C1 control";
}

TEST(Command, RcptArguments_AreRead) {
  const auto args = ParseRcpt("To: <\"x y\"@b> NOTIFY=NEVER ORCPT=rfc822;x@y", false);
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->forward_path.ToString(), "\"x y\"@b");
  EXPECT_EQ(args->params.Find("ORCPT")->value, "rfc822;x@y");
  EXPECT_EQ(ParseRcpt("TO:<Postmaster>", false)->forward_path.domain, "");

  const std::vector<std::pair<std::string, SyntaxError>> bad = {
      {"TO:<>", kNullPathRefused},      {"TO:<a>", kNoDomain},
      {"TO:a@b", kPathWithoutBrackets}, {"TO:<a@b>,<c@d>", kBadArgument},
      {"FROM:<a@b>", kBadArgument},     {"TO:<a@b> NOTIFY=", kBadParameter},
  };
  for (const auto& [argument, error] : bad) {
    ASSERT_FALSE(ParseRcpt(argument, false).ok()) << argument;
    EXPECT_EQ(ParseRcpt(argument, false).error(), error) << argument;
  }
}

// SPEC S4
TEST(Command, BdatArguments) {
  EXPECT_EQ(ParseBdat("0")->size, 0u);
  EXPECT_TRUE(ParseBdat("0 LAST")->last);
  EXPECT_TRUE(ParseBdat("10  last ")->last);
  EXPECT_FALSE(ParseBdat("10")->last);
  EXPECT_EQ(ParseBdat("18446744073709551615")->size, UINT64_MAX);
  EXPECT_EQ(ParseBdat("18446744073709551616").error(), kNumberTooLarge);
  EXPECT_EQ(ParseBdat(std::string(30, '0') + "1").error(), kNumberTooLarge);
  for (const char* bad : {"", "LAST", "-1", "+1", "0x10", "1 LASTX", "1 LAST LAST", "1 2", "1.0"}) {
    ASSERT_FALSE(ParseBdat(bad).ok()) << bad;
    EXPECT_EQ(ParseBdat(bad).error(), kBadArgument) << bad;
  }
}

TEST(Command, HelloNames) {
  EXPECT_EQ(*ParseHelloName("mx.example"), "mx.example");
  EXPECT_EQ(*ParseHelloName(" [192.0.2.1] "), "[192.0.2.1]");
  EXPECT_EQ(*ParseHelloName("my pc"), "my");
  EXPECT_TRUE(ParseHelloName(std::string(255, 'a')).ok());
  for (const std::string& bad : {""s, " "s, std::string(256, 'a'), "a\x01"s, "\xC3\xA8"s, "a\0"s}) {
    EXPECT_FALSE(ParseHelloName(bad).ok()) << testing::PrintToString(bad);
  }
}

// RFC 6531 §3.7.4.2
TEST(Command, Vrfy) {
  EXPECT_EQ(CheckVrfy("ann", true), std::nullopt);
  EXPECT_EQ(CheckVrfy("jos\xC3\xA9 smtputf8", true), std::nullopt);
  EXPECT_EQ(CheckVrfy("", true), kBadArgument);
  EXPECT_EQ(CheckVrfy("jos\xE9 SMTPUTF8", true), kBadUtf8);
  EXPECT_EQ(CheckVrfy("jos\xC3\xA9", true), kUtf8NotAllowed);
  EXPECT_EQ(CheckVrfy("jos\xC3\xA9 SMTPUTF8", false), kUtf8NotAllowed);
}

// THREATS BDAT: what follows is content, not commands.
TEST(Command, BdatWithControls_StaysBdatWithABadArgument) {
  for (const std::string& line : {"BDAT 5\x01"s, "bdat 5\0"s, "BDAT \r5 LAST"s}) {
    const Command command = ParseCommand(line);
    EXPECT_EQ(command.verb, Verb::kBdat);
    EXPECT_FALSE(ParseBdat(command.argument).ok());
  }
}

TEST(SyntaxErrors, EachHasItsReply) {
  const std::vector<std::tuple<SyntaxError, int, std::string, int, std::string>> cases = {
      {kPathWithoutBrackets, 501, "5.1.7", 501, "5.1.3"},
      {kPathTooLong, 501, "5.1.7", 501, "5.1.3"},
      {kNullPathRefused, 501, "5.1.7", 501, "5.1.3"},
      {kNoDomain, 501, "5.1.7", 501, "5.1.3"},
      {kBadLocalPart, 501, "5.1.7", 501, "5.1.3"},
      {kLocalPartTooLong, 501, "5.1.7", 501, "5.1.3"},
      {kBadDomain, 501, "5.1.7", 501, "5.1.3"},
      {kDomainTooLong, 501, "5.1.7", 501, "5.1.3"},
      {kBadSourceRoute, 501, "5.1.7", 501, "5.1.3"},
      {kControlCharacter, 501, "5.1.7", 501, "5.1.3"},
      {kBadUtf8, 501, "5.1.7", 501, "5.1.3"},
      {kUtf8NotAllowed, 553, "5.6.7", 550, "5.6.7"},
      {kBadArgument, 501, "5.5.4", 501, "5.5.4"},
      {kBadParameter, 501, "5.5.4", 501, "5.5.4"},
      {kDuplicateParameter, 501, "5.5.4", 501, "5.5.4"},
      {kBadParameterValue, 501, "5.5.4", 501, "5.5.4"},
      {kNumberTooLarge, 501, "5.5.4", 501, "5.5.4"},
      {kBadBase64, 501, "5.5.2", 501, "5.5.2"},
      {kBadCredentials, 501, "5.5.2", 501, "5.5.2"},
  };
  for (const auto& [error, mail_code, mail_enhanced, rcpt_code, rcpt_enhanced] : cases) {
    const Reply mail = ReplyFor(error), rcpt = ReplyFor(error, true);
    EXPECT_EQ(mail.code, mail_code) << Describe(error);
    EXPECT_EQ(mail.enhanced.ToString(), mail_enhanced) << Describe(error);
    EXPECT_EQ(rcpt.code, rcpt_code) << Describe(error);
    EXPECT_EQ(rcpt.enhanced.ToString(), rcpt_enhanced) << Describe(error);
    EXPECT_EQ(mail.text, Describe(error));
  }
}

}  // namespace
}  // namespace staffetta::smtp
