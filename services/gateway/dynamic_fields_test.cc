#include "gateway/dynamic_fields.h"

#include <gtest/gtest.h>

namespace staffetta::gateway {
namespace {

const DynamicFields kFields = {{"name", "Ann"},       {"accent", "José"},  {"euro", "5 €"},
                               {"markup", "<b>&\"'"}, {"lines", "a\r\nb"}, {"other", "[name]"},
                               {"prénom", "Zoé"},     {"none", ""},        {"cjk", "日本"}};

std::string Filled(const std::string& content, size_t room = 100000) {
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(content);
  mime::Edits edits(header);
  std::optional<std::string> subject;
  if (!Substitute(kFields, header, content, room, &edits, &subject)) return "too large";
  return edits.Apply(content);
}

// Of a text part with this header and body, and nothing else.
std::string Part(const std::string& header, const std::string& body) {
  return Filled(header + "\r\n" + body);
}

constexpr char kUtf8[] =
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";

std::string Utf8Body(const std::string& body) {
  return Part(kUtf8, body).substr(std::string(kUtf8).size() + 2);
}

// SPEC X1
TEST(DynamicFields, BracketedName_BecomesItsValue) {
  EXPECT_EQ(Utf8Body("Dear [name],\r\n[name][accent]!"), "Dear Ann,\r\nAnnJosé!");
  EXPECT_EQ(Utf8Body("[prénom]"), "Zoé");
  EXPECT_EQ(Utf8Body("a[none]b"), "ab");
  EXPECT_EQ(Utf8Body("[[name]]"), "[Ann]");
  EXPECT_EQ(Utf8Body("[lines]"), "a\r\nb");
}

TEST(DynamicFields, EverythingElseInBrackets_Stays) {
  for (const char* same :
       {"[Name] [ name] [unknown] [] [", "[name", "name]", "[na\r\nme]", "[[["}) {
    EXPECT_EQ(Utf8Body(same), same);
  }
}

TEST(DynamicFields, Value_IsNotLookedAtAgain) { EXPECT_EQ(Utf8Body("[other]"), "[name]"); }

// SPEC X1
TEST(DynamicFields, Subject_IsFilledAndEncoded) {
  EXPECT_EQ(Filled("subject:  For [name]!\r\nFrom: [name]\r\n"),
            "subject: For Ann!\r\nFrom: [name]\r\n");
  EXPECT_EQ(Filled("Subject: For [accent]\r\n"), "Subject: =?UTF-8?B?Rm9yIEpvc8Op?=\r\n");
  EXPECT_EQ(Filled("Subject: =?iso-8859-1?q?Ol=E9_[name]?=\r\n"),
            "Subject: =?UTF-8?B?T2zDqSBBbm4=?=\r\n");
  EXPECT_EQ(Filled("Subject: [name\r\n"), "Subject: [name\r\n");
}

// THREATS CR/LF injection
TEST(DynamicFields, LineBreaksInTheSubject_AreBlanks) {
  EXPECT_EQ(Filled("Subject: [lines]\r\nA: b\r\n"), "Subject: a  b\r\nA: b\r\n");
}

TEST(DynamicFields, SubjectThatCannotBeRead_StaysAsItIs) {
  for (const char* same : {"Subject: =?iso-2022-jp?B?GyRC?= [name]\r\n", "Subject: \xE9 [name]\r\n",
                           "Subject: =?utf-8?q?a=0D=0AB:_c?= [name]\r\n"}) {
    EXPECT_EQ(Filled(same), same);
  }
}

TEST(DynamicFields, NewSubject_IsTold) {
  const std::string content = "Subject: [accent]\r\n";
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(content);
  mime::Edits edits(header);
  std::optional<std::string> subject;
  EXPECT_TRUE(Substitute(kFields, header, content, 100, &edits, &subject));
  EXPECT_EQ(subject, "José");
}

// SPEC X1
TEST(DynamicFields, Charset_IsThatOfThePart) {
  const std::string latin =
      "Content-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n";
  EXPECT_EQ(Part(latin, "\xE9 [accent] [euro]"), latin + "\r\n\xE9 Jos\xE9 5 ?");
  const std::string latin9 =
      "Content-Type: text/plain; charset=\"iso-8859-15\"\r\nContent-Transfer-Encoding: 8bit\r\n";
  EXPECT_EQ(Part(latin9, "[euro]"), latin9 + "\r\n5 \xA4");
  const std::string windows =
      "Content-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: 8bit\r\n";
  EXPECT_EQ(Part(windows, "[euro] [cjk]"), windows + "\r\n5 \x80 &#26085;&#26412;");
}

TEST(DynamicFields, UnknownCharset_IsLeftAlone) {
  for (const char* charset : {"shift_jis", "utf-16", "x"}) {
    const std::string same =
        "Content-Type: text/plain; charset=" + std::string(charset) + "\r\n\r\n[name]";
    EXPECT_EQ(Filled(same), same);
  }
}

// SPEC X1
TEST(DynamicFields, Html_IsEscaped) {
  const std::string html = "Content-Type: text/html; charset=utf-8\r\n";
  EXPECT_EQ(Part(html, "<p>[markup]</p>"), html + "\r\n<p>&lt;b&gt;&amp;&quot;&#39;</p>");
  EXPECT_EQ(Utf8Body("[markup]"), "<b>&\"'");
}

// SPEC X1
TEST(DynamicFields, QuotedPrintable_KeepsTheLinesWithoutFields) {
  const std::string header =
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n";
  EXPECT_EQ(Part(header, "odd=2e=\r\n line=41\r\nDear [na=\r\nme] =5Baccent=5D=2E\r\n=2e\r\n"),
            header + "\r\nodd=2e=\r\n line=41\r\nDear Ann Jos=C3=A9.\r\n=2e\r\n");
  const std::string same = "no =\r\nfield [=41]\r\n";
  EXPECT_EQ(Part(header, same), header + "\r\n" + same);
}

TEST(DynamicFields, Base64_IsEncodedAnew) {
  const std::string header =
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n";
  EXPECT_EQ(Part(header, "RGVhciBbbm\r\nFtZV0h\r\n"), header + "\r\nRGVhciBBbm4h\r\n");
  for (const char* same : {"RGVhciE=\r\n", "RGVhciBbbmFtZV0h=\r\n", "[name]"}) {
    EXPECT_EQ(Part(header, same), header + "\r\n" + same);
  }
}

TEST(DynamicFields, AsciiPart_BecomesUtf8OnlyWhenItHasTo) {
  EXPECT_EQ(Filled("A: b\r\n\r\n[name]\r\n"), "A: b\r\n\r\nAnn\r\n");
  EXPECT_EQ(Filled("A: b\r\n\r\n[accent]\r\n"),
            "Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\nA: b\r\n\r\nJos=C3=A9\r\n");
  EXPECT_EQ(Part("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"us-ascii\"; x=y\r\n"
                 "Content-Transfer-Encoding: 7bit\r\n",
                 "[accent]\r\n"),
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; x=y\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nJos=C3=A9\r\n");
  EXPECT_EQ(Part("MIME-Version: 1.0\r\nContent-Type: text/html;\r\n"
                 "Content-Transfer-Encoding: 8bit\r\n",
                 "[accent]\r\n"),
            "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\nJosé\r\n");
}

TEST(DynamicFields, OctetsThatNothingExplains_GetNoMore) {
  EXPECT_EQ(Filled("A: b\r\n\r\n\xE9 [accent]\r\n"), "A: b\r\n\r\n\xE9 Jos?\r\n");
}

TEST(DynamicFields, LineOver998_IsEncoded) {
  const std::string rest(995, 'x');
  EXPECT_EQ(Utf8Body(rest + "[name]"), rest + "Ann");
  EXPECT_NE(Part(kUtf8, rest + "y[name]").find("Content-Transfer-Encoding: quoted-printable\r\n"),
            std::string::npos);
}

// SPEC X1
TEST(DynamicFields, Multipart_KeepsEveryOtherOctet) {
  const auto message = [](const char* plain, const char* html) {
    return std::string(
               "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n[name]\r\n"
               "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n") +
           plain + "\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html +
           "\r\n--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n[name]"
           "\r\n--b\r\nContent-Type: image/png\r\n\r\n[name]\r\n--b--\r\n[name]";
  };
  EXPECT_EQ(Filled(message("[name]", "<p>[name]")), message("Ann", "<p>Ann"));
}

TEST(DynamicFields, SignedAndEncrypted_StayAsTheyAre) {
  for (const char* same :
       {"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n[name]\r\n--b--\r\n",
        "Content-Type: application/pkcs7-mime\r\n\r\n[name]",
        "A: b\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n[name]\r\n"}) {
    EXPECT_EQ(Filled(same), same);
  }
}

// THREATS: a small message with large values must not become a huge one.
TEST(DynamicFields, Room_HoldsAtNAndBreaksAtNPlusOne) {
  const std::string content = "Subject: [name]\r\n\r\n[name][name]";
  EXPECT_EQ(Filled(content, 9), "Subject: Ann\r\n\r\nAnnAnn");
  EXPECT_EQ(Filled(content, 8), "too large");
}

}  // namespace
}  // namespace staffetta::gateway
