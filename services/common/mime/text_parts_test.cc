#include "common/mime/text_parts.h"

#include <gtest/gtest.h>

#include <chrono>

namespace staffetta::mime {
namespace {

// Each part's body in brackets, "html:" before HTML.
std::string Find(const std::string& content, PartLimits limits = {}) {
  std::string out;
  for (const TextPart& part : FindTextParts(HeaderBlock::Parse(content), content, limits)) {
    out += (part.html ? "[html:" : "[") + content.substr(part.begin, part.end - part.begin) + "]";
  }
  return out;
}

std::string Mixed(const std::string& body, const std::string& subtype = "mixed") {
  return "Content-Type: multipart/" + subtype + "; boundary=b\r\n\r\n" + body;
}

TEST(TextParts, MessageWithoutParts_IsOne) {
  EXPECT_EQ(Find("Subject: x\r\n\r\nhello\r\n"), "[hello\r\n]");
  EXPECT_EQ(Find("Content-Type: text/html\r\n\r\nhello"), "[html:hello]");
  EXPECT_EQ(Find("Content-Type: image/png\r\n\r\nhello"), "");
  EXPECT_EQ(Find("Content-Type: text\r\n\r\nhello"), "");
  EXPECT_EQ(Find("Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhello"), "");
  EXPECT_EQ(Find("no header\r\n\r\nhello"), "");
}

TEST(TextParts, Multipart_HasItsParts) {
  EXPECT_EQ(
      Find(Mixed("preamble\r\n--b\r\n\r\none\r\n--b  \r\nContent-Type: text/html\r\n\r\ntwo\r\n"
                 "\r\n--b--\r\nepilogue\r\n--b\r\n\r\nthree")),
      "[one][html:two\r\n]");
  EXPECT_EQ(Find(Mixed("--b\r\n\r\n--b\r\n\r\nunended")), "[][unended]");
  EXPECT_EQ(Find(Mixed("--bb\r\n\r\nno\r\n --b\r\n\r\nno\r\n--bx\r\n\r\nno")), "");
}

TEST(TextParts, Multiparts_Nest) {
  const std::string inner =
      "Content-Type: multipart/alternative; boundary=\"bb\"\r\n\r\n--bb\r\n\r\none\r\n--bb\r\n"
      "Content-Type: text/html\r\n\r\ntwo\r\n";
  EXPECT_EQ(Find(Mixed("--b\r\n" + inner + "--bb--\r\n\r\n--b\r\n\r\nthree\r\n--b--\r\n")),
            "[one][html:two][three]");
  EXPECT_EQ(Find(Mixed("--b\r\n" + inner + "--b\r\n\r\nthree\r\n--b--\r\n")),
            "[one][html:two][three]");
}

TEST(TextParts, WhatIsNotTextForTheReader_IsLeftOut) {
  const auto part = [](const std::string& header) {
    return Find(Mixed("--b\r\n" + header + "\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n"));
  };
  EXPECT_EQ(part("Content-Type: text/plain"), "[x][y]");
  EXPECT_EQ(part("Content-Disposition: inline; filename=a"), "[x][y]");
  EXPECT_EQ(part("Content-Disposition:\r\n Attachment; filename=a"), "[y]");
  EXPECT_EQ(part("Content-Type: message/rfc822"), "[y]");
  EXPECT_EQ(part("Content-Type: application/pkcs7-mime"), "[y]");
  EXPECT_EQ(part("Content-Transfer-Encoding: x-uuencode"), "[y]");
  EXPECT_EQ(part("Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64"), "[y]");
  EXPECT_EQ(part("not a field"), "[y]");
  for (const char* opaque : {"signed", "encrypted", "digest"}) {
    EXPECT_EQ(Find(Mixed("--b\r\n\r\nx\r\n--b--\r\n", opaque)), "") << opaque;
  }
}

TEST(TextParts, HeaderOfAPart_SaysHowItIsWritten) {
  const std::string content = Mixed(
      "--b\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n"
      "Content-Transfer-Encoding: Quoted-Printable\r\n\r\nx\r\n--b--\r\n");
  const auto parts = FindTextParts(HeaderBlock::Parse(content), content);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].charset, "iso-8859-1");
  EXPECT_EQ(parts[0].encoding, TransferEncoding::kQuotedPrintable);
  EXPECT_EQ(content.substr(parts[0].header_offset, 13), "Content-Type:");
}

// SPEC S6
TEST(TextParts, Limits_HoldAtNAndBreakAtNPlusOne) {
  const std::string two = Mixed("--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n");
  EXPECT_EQ(Find(two, {.max_parts = 2}), "[x][y]");
  EXPECT_EQ(Find(two, {.max_parts = 1}), "");
  const std::string nested = Mixed(
      "--b\r\nContent-Type: multipart/mixed; "
      "boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b\r\n\r\ny\r\n");
  EXPECT_EQ(Find(nested, {.max_depth = 2}), "[x][y\r\n]");
  EXPECT_EQ(Find(nested, {.max_depth = 1}), "[y\r\n]");
}

// THREATS MIME bombs
TEST(TextParts, Bombs_AreOpaqueAndCheap) {
  std::string deep = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n";
  for (int i = 0; i < 500; ++i) {
    deep += "--b" + std::to_string(i) + "\r\nContent-Type: multipart/mixed; boundary=b" +
            std::to_string(i + 1) + "\r\n\r\n";
  }
  EXPECT_EQ(Find(deep + "--b500\r\n\r\nx"), "");
  std::string many = Mixed("");
  for (int i = 0; i < 20000; ++i) many += "--b\r\n\r\nx\r\n";
  EXPECT_EQ(Find(many), "");
  std::string headers = Mixed("");
  while (headers.size() < 10 << 20) headers += "--b\r\n" + std::string(20 << 10, 'x') + ":\r\n";
  std::string dashes = Mixed("");
  while (dashes.size() < 10 << 20) dashes += "\r\n--";
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(Find(headers), "");
  EXPECT_EQ(Find(dashes), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(
      Find("Content-Type: multipart/mixed; boundary=\"" + std::string(300, 'b') + "\"\r\n\r\n"),
      "");
}

}  // namespace
}  // namespace staffetta::mime
