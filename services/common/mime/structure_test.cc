#include "common/mime/structure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace staffetta::mime {
namespace {

Structure Of(const std::string& content, size_t max_depth = 100) {
  return Measure(HeaderBlock::Parse(content), content, max_depth);
}

std::string Multipart(const std::string& boundary, const std::string& inside) {
  return "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary +
         "\r\n" + inside + "\r\n--" + boundary + "--\r\n";
}

std::string Nested(int depth) {
  std::string content = "\r\ntext";
  for (int i = 0; i < depth; ++i) content = Multipart("b" + std::to_string(i), content);
  return content;
}

// SPEC S6
TEST(Structure, Depth_CountsMultipartsInEachOther) {
  EXPECT_EQ(Of("From: a\r\n\r\n--b\r\n").depth, 0U);
  EXPECT_EQ(Of("").depth, 0U);
  for (const int depth : {1, 2, 50}) EXPECT_EQ(Of(Nested(depth)).depth, size_t(depth));
  EXPECT_EQ(Of(Nested(50), 10).depth, 11U) << "no deeper than asked";
}

TEST(Structure, PartsBesideEachOther_AreNoDeeper) {
  const std::string two = Multipart(
      "b", "\r\nx\r\n--b\r\n" + Multipart("c", "\r\ny") + "--b\r\n" + Multipart("d", "\r\nz"));
  EXPECT_EQ(Of(two).depth, 2U);
  const std::string closed_by_outer =
      Multipart("b",
                "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b\r\n"
                "Content-Type: multipart/mixed; boundary=d\r\n\r\n--d\r\n\r\n");
  EXPECT_EQ(Of(closed_by_outer).depth, 2U);
}

TEST(Structure, AttachedMessages_Count) {
  const std::string attached = "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_EQ(Of(attached + "Subject: x\r\n\r\ntext").depth, 1U);
  EXPECT_EQ(Of(attached + attached + attached + "\r\n").depth, 3U);
  EXPECT_EQ(Of(Multipart("b", attached + Multipart("c", "\r\nx"))).depth, 3U);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += attached;
  EXPECT_EQ(Of(many, 100).depth, 101U);
}

TEST(Structure, SameBoundary_IsTheOuterOnes) {
  EXPECT_EQ(Of(Multipart("b", Multipart("b", "\r\nx"))).depth, 2U);
  EXPECT_EQ(Of(Multipart("b", "X: y\r\n\r\n--b--\r\n--b\r\n" + Multipart("c", ""))).depth, 1U)
      << "it has ended";
}

// RFC 6532
TEST(Structure, EightBitHeaderOfAPart_IsSeen) {
  const auto part = [](const std::string& header, const std::string& body) {
    return Of(Multipart("b", header + "\r\n" + body)).eight_bit_header;
  };
  EXPECT_FALSE(part("Content-Disposition: inline\r\n", "\xc3\xa9"));
  EXPECT_TRUE(part("Content-Disposition: inline; filename=\"\xc3\xa9\"\r\n", ""));
  EXPECT_TRUE(part("Content-Type: message/rfc822\r\n", "Subject: \xc3\xa9\r\n\r\n"));
  EXPECT_FALSE(Of("Subject: \xc3\xa9\r\n\r\n").eight_bit_header) << "it is no part";
}

// SPEC Q8: content that comes in pieces is measured as it flows.
TEST(StructureScanner, HoweverItIsCut_FindsWhatMeasureFinds) {
  const std::string attached = "Content-Type: message/rfc822\r\n\r\n";
  const std::string contents[] = {
      Nested(3),
      Multipart("b", attached + Multipart("c", "X: \xc3\xa9\r\n\r\nx")),
      Multipart("b", "Content-Type: multipart/mixed; boundary=c\r\n--c\r\n\r\n--c--"),
      Multipart("b", "Content-Type: multipart/mixed; boundary=c\n\n--c\r\n" + attached),
      Multipart("b", "no field\r\n\r\n--b \t \r\n" + attached + "\r\n--b-- \r\n\r\n--b\r\n"),
      Multipart("b", "X: y\r\n\r\n--b" + std::string(100, ' ') + "x\r\n--b" +
                         std::string(100, ' ') + "\r\n" + attached),
      Multipart("b", "X: y\r\n\r\n\r\n--b\rx\r\n--b\r\r\n--\r\n-\r\n--b\r\n" + attached + "--\r"),
      Multipart("b", std::string(16 << 10, 'x') + ":\r\n\r\n--b\r\n" + attached),
      attached + attached + "--x",
      attached + Multipart("--", "\r\n--\r\n"),
  };
  for (const std::string& content : contents) {
    const HeaderBlock header = HeaderBlock::Parse(content);
    const Structure whole = Measure(header, content, 100);
    EXPECT_GT(whole.depth, 0U);
    for (const size_t size : {1, 2, 3, 7, 64}) {
      StructureScanner scanner(header, 100);
      std::string_view rest = std::string_view(content).substr(header.body_offset());
      while (!rest.empty()) {
        scanner.Feed(rest.substr(0, size));
        rest.remove_prefix(std::min(size, rest.size()));
      }
      scanner.Finish();
      EXPECT_EQ(scanner.found().depth, whole.depth) << content << size;
      EXPECT_EQ(scanner.found().eight_bit_header, whole.eight_bit_header) << content << size;
    }
  }
}

TEST(StructureScanner, LongCandidates_AreBoundariesWithBlanksAlone) {
  const std::string blanks(1 << 20, ' ');
  const std::string attached = "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_EQ(Of(Multipart("b", "\r\n\r\n--b" + blanks + "\r\n" + attached)).depth, 2U);
  EXPECT_EQ(Of(Multipart("b", "\r\n\r\n--b" + blanks + "x\r\n" + attached)).depth, 1U);
}

// THREATS MIME bombs
TEST(Structure, Bombs_AreMeasuredInLinearTime) {
  const std::string head = "Content-Type: multipart/mixed; boundary=a\r\n\r\n";
  std::string deep = Nested(100).substr(0, 6000);
  for (const std::string& piece : {std::string("--a\r\nX: y\r\n"), std::string("--\r\n"),
                                   std::string("--a\r\n\r\n"), std::string("--b99\r\n")}) {
    std::string bomb = piece[2] == 'b' ? deep : head;
    while (bomb.size() < 8 << 20) bomb += piece;
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_LE(Of(bomb).depth, 101U);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10)) << piece;
  }
}

}  // namespace
}  // namespace staffetta::mime
