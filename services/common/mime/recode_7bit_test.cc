#include "common/mime/recode_7bit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::mime {
namespace {

using std::string_literals::operator""s;

struct Row {
  std::string name, before, after;
};

const std::string kLong(1000, 'x');

// SPEC S4: 8BITMIME, BINARYMIME downgraded as their RFCs say.
TEST(Recode7BitTest, WhatIsChanged) {
  const std::vector<Row> rows = {
      {"nothing to do", "Subject: a\r\n\r\nbody\r\n", "Subject: a\r\n\r\nbody\r\n"},
      {"a label alone is no reason", "Content-Transfer-Encoding: 8bit\r\n\r\nbody\r\n",
       "Content-Transfer-Encoding: 8bit\r\n\r\nbody\r\n"},
      {"text, its label in place",
       "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
       "content-transfer-encoding: 8BIT\r\nSubject: a\r\n\r\ncaff\xc3\xa8 = buono \r\nciao\r\n",
       "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\nSubject: a\r\n\r\n"
       "caff=C3=A8 =3D buono=20\r\nciao\r\n"},
      {"no MIME at all: no charset is invented", "Subject: a\r\n\r\ncaff\xe8\r\n",
       "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject: a\r\n\r\n"
       "caff=E8\r\n"},
      {"a folded label",
       "MIME-Version: 1.0\r\nContent-Type:\r\n text/plain;\r\n charset=utf-8\r\n"
       "Content-Transfer-Encoding:\r\n 8bit\r\n\r\n\xc3\xa8 e un caffe\r\n",
       "MIME-Version: 1.0\r\nContent-Type:\r\n text/plain;\r\n charset=utf-8\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A8 e un caffe\r\n"},
      {"text that is shorter in base64",
       "MIME-Version: 1.0\r\n\r\n\xd0\xb4\xd0\xb0\xd0\xb4\xd0\xb0\r\n",
       "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n\r\n0LTQsNC00LANCg==\r\n"},
      {"other than text",
       "MIME-Version: 1.0\r\nContent-Type: image/png\r\n\r\nPNG\xff text text\r\n",
       "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\nContent-Type: image/png\r\n\r\n"
       "UE5H/yB0ZXh0IHRleHQNCg==\r\n"},
      {"binary: NUL, CR and LF alone",
       "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
       "Content-Transfer-Encoding: binary\r\n\r\na\0b\rc\nd"s,
       "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\nYQBiDWMKZA=="},
      {"quoted-printable with 8-bit octets left in it",
       "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db \xe8 c d "
       "e\r\n",
       "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db =E8 c d "
       "e\r\n"},
      {"a huge line", "MIME-Version: 1.0\r\n\r\n" + std::string(1200, ' ') + "x\xe8y\r\n",
       "Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\n" +
           [] {
             std::string soft;
             for (int i = 0; i < 16; ++i) soft += std::string(75, ' ') + "=\r\n";
             return soft;
           }() +
           "x=E8y\r\n"},
      {"of a multipart only the part; preamble and epilogue stay",
       "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n"
       "Content-Transfer-Encoding: 8bit\r\n\r\npreamble\r\n--b\r\n\r\nascii\r\n--b  \r\n"
       "Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nabc \xe8 def\r\n"
       "--b--\r\nepilogue\r\n",
       "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n"
       "Content-Transfer-Encoding: 7bit\r\n\r\npreamble\r\n--b\r\n\r\nascii\r\n--b  \r\n"
       "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
       "abc =E8 def\r\n--b--\r\nepilogue\r\n"},
      {"preamble and epilogue that are 8-bit go",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n\xe8\r\n--b\r\n\r\na\r\n--b--\r\n\xe8\r\n",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n\r\n--b\r\n\r\na\r\n--b--\r\n"},
      {"a part without header, the multipart without label and end",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nabcdef \xe8\r\n",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdef =E8\r\n"},
      {"a part that is base64: its last line break is the delimiter's",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
       "a/b\r\n\r\n\xff\xfe\r\n"
       "--b--\r\n",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n//4=\r\n--b--\r\n"},
      {"nested, with a boundary that begins with the outer one",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Type: multipart/alternative; boundary=bb\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
       "--bb\r\n\r\nabcdef \xe8\r\n--bb--\r\n\r\n--b\r\n\r\nz\r\n--b--\r\n",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Type: multipart/alternative; boundary=bb\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
       "--bb\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nabcdef =E8\r\n--bb--\r\n\r\n"
       "--b\r\n\r\nz\r\n--b--\r\n"},
      {"what looks like a delimiter in a line",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nabcdefgh "
       "--b\r\n--bad\r\n\xe8\r\n"
       "--b--",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefgh --b\r\n--bad\r\n=E8\r\n--b--"},
      {"text that would become a delimiter",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\n\xe8\r\n=2D-b\r\n--b--",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\n6A0KLS1i\r\n--b--"},
      {"an attached message",
       "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
       "Subject: inner\r\n\r\nabcdef \xe8\r\n",
       "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
       "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject: inner\r\n\r\n"
       "abcdef =E8\r\n"},
      {"a digest: its parts are messages",
       "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: i\r\n\r\nabcdef "
       "\xe8\r\n"
       "--b--\r\n",
       "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nMIME-Version: 1.0\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\nSubject: i\r\n\r\nabcdef =E8\r\n--b--\r\n"},
      {"a signed part that is 7-bit, beside one that is not",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\na\r\n--s--\r\n--b\r\n\r\n"
       "abcdef \xe8\r\n--b--\r\n",
       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
       "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\na\r\n--s--\r\n--b\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdef =E8\r\n--b--\r\n"},
      {"a long line in a header is none of ours", "Subject: " + kLong + "\r\n\r\nbody\r\n",
       "Subject: " + kLong + "\r\n\r\nbody\r\n"},
  };
  for (const Row& row : rows) {
    const auto recoded = Recode7Bit(row.before);
    ASSERT_TRUE(recoded.ok()) << row.name << ": " << Describe(recoded.error());
    EXPECT_EQ(*recoded, row.after) << row.name;
  }
}

TEST(Recode7BitTest, WhatCannotBe) {
  struct FaultRow {
    std::string message;
    RecodeFault fault;
  };
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
  const std::vector<FaultRow> rows = {
      {"Subject: caff\xe8\r\n\r\nbody\r\n", RecodeFault::kHeader},
      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment;"
       " filename=\xe8\r\n\r\na\r\n--b--\r\n",
       RecodeFault::kHeader},
      {"Content-Type: message/rfc822\r\n\r\nSubject: \xe8\r\n\r\na\r\n", RecodeFault::kHeader},
      {"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe8\r\n--b--\r\n",
       RecodeFault::kSigned},
      {"Content-Type: multipart/mixed\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
       "--b\r\n\r\n\xe8\r\n--b--\r\n",
       RecodeFault::kStructure},
      {"Content-Transfer-Encoding: base64\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {"Content-Transfer-Encoding: x-uuencode\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {"Content-Type: message/partial; id=1\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {"Content-Type: text\r\n\r\n\xe8\r\n", RecodeFault::kStructure},
      {deep + "\xe8\r\n", RecodeFault::kStructure},
  };
  for (const FaultRow& row : rows) {
    const auto recoded = Recode7Bit(row.message);
    ASSERT_FALSE(recoded.ok()) << row.message;
    EXPECT_EQ(recoded.error(), row.fault) << row.message;
  }
}

TEST(Recode7BitTest, EncodedLinesAreShort) {
  for (const char* type : {"text/plain", "application/pdf"}) {
    std::string message = "MIME-Version: 1.0\r\nContent-Type: " + std::string(type) + "\r\n\r\n";
    for (int i = 0; i < 20000; ++i) message += static_cast<char>(i * 7);
    const auto recoded = Recode7Bit(message);
    ASSERT_TRUE(recoded.ok());
    EXPECT_TRUE(Is7Bit(*recoded));
    for (size_t begin = 0; begin < recoded->size();) {
      const size_t end = std::min(recoded->find("\r\n", begin), recoded->size());
      EXPECT_LE(end - begin, 76U);
      begin = end + 2;
    }
  }
}

TEST(Recode7BitTest, Is7Bit_KnowsTheLimits) {
  EXPECT_TRUE(Is7Bit(""));
  EXPECT_TRUE(Is7Bit("no line break"));
  EXPECT_TRUE(Is7Bit(std::string(998, 'x') + "\r\n" + std::string(998, 'x')));
  EXPECT_FALSE(Is7Bit(std::string(999, 'x')));
  for (const std::string& bad : {"\x80"s, "a\0"s, "a\rb"s, "a\n"s, "a\r"s}) {
    EXPECT_FALSE(Is7Bit(bad));
  }
}

// THREATS: MIME bombs
TEST(Recode7BitTest, ManyDelimiters_AreReadInLinearTime) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 200000; ++i) message += "--b\r\n";
  for (int i = 0; i < 200000; ++i) message += "--bx\r\n";
  EXPECT_TRUE(Recode7Bit(message + "\r\n\xe8\r\n--b--\r\n").ok());
}

}  // namespace
}  // namespace staffetta::mime
