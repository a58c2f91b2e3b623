#include "common/mime/header_edit.h"

#include <gtest/gtest.h>

#include <string>

namespace staffetta::mime {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kContent =
    "Received: old\r\nBcc: x@y,\r\n z@w\r\nSubject:  kept  \r\nbcc : q@r\r\nX-Priority: 5\r\n"
    "x-priority: 4\r\n\r\nBcc: in the body\r\n";

// SPEC S8
TEST(Edits, SeveralRemovalsAndAPrepend_KeepEveryOtherOctet) {
  const HeaderBlock block = HeaderBlock::Parse(kContent);
  Edits edits(block);
  EXPECT_TRUE(edits.empty());
  edits.Remove("BCC");
  edits.Remove("Not-There");
  edits.Prepend("Date: d\r\n");
  edits.Prepend("Received: new\r\n");
  edits.Replace("X-Priority", "1");
  EXPECT_FALSE(edits.empty());
  EXPECT_EQ(edits.Apply(kContent),
            "Received: new\r\nDate: d\r\nReceived: old\r\nSubject:  kept  \r\nX-Priority: 1\r\n"
            "\r\nBcc: in the body\r\n");
}

TEST(Edits, ReplaceOfAnAbsentField_GoesOnTop) {
  const HeaderBlock block = HeaderBlock::Parse(kContent);
  Edits edits(block);
  edits.Replace("Importance", "high");
  EXPECT_EQ(edits.Apply(kContent), "Importance: high\r\n" + std::string(kContent));
}

TEST(Edits, None_ChangesNothing) {
  const HeaderBlock block = HeaderBlock::Parse(kContent);
  EXPECT_EQ(Edits(block).Apply(kContent), kContent);
}

TEST(Edits, TheSameFieldTwice_TheFirstEditCounts) {
  const HeaderBlock block = HeaderBlock::Parse("A: 1\r\nB: 2\r\n\r\n");
  Edits edits(block);
  edits.Replace("A", "3");
  edits.Remove("A");
  edits.Remove("B");
  edits.Remove("B");
  EXPECT_EQ(edits.Apply("A: 1\r\nB: 2\r\n\r\n"), "A: 3\r\n\r\n");
}

TEST(Edits, MessageWithoutHeader_GetsAnEmptyLine) {
  for (const std::string content : {"hello\r\n", "not a field\r\nFrom: a@b\r\n\r\n"}) {
    const HeaderBlock block = HeaderBlock::Parse(content);
    Edits edits(block);
    edits.Prepend("Date: d\r\n");
    EXPECT_EQ(edits.Apply(content), "Date: d\r\n\r\n" + content);
    EXPECT_EQ(Edits(block).Apply(content), content);
  }
  const HeaderBlock empty = HeaderBlock::Parse("\r\nhello\r\n");
  Edits edits(empty);
  edits.Prepend("Date: d\r\n");
  EXPECT_EQ(edits.Apply("\r\nhello\r\n"), "Date: d\r\n\r\nhello\r\n");
}

TEST(Edits, HeaderOnly) {
  const std::string content = "A: 1\r\nB: 2\r\n";
  const HeaderBlock block = HeaderBlock::Parse(content);
  Edits edits(block);
  edits.Remove("A");
  edits.Prepend("C: 3\r\n");
  EXPECT_EQ(edits.Apply(content), "C: 3\r\nB: 2\r\n");
}

TEST(Edits, WhatFollowsTheParsedPart_IsCopied) {
  const std::string head = "A: 1\r\nB: 2\r\n\r\n";
  const HeaderBlock block = HeaderBlock::Parse(head);
  Edits edits(block);
  edits.Remove("A");
  EXPECT_EQ(edits.Apply(head + "A: body\r\n"), "B: 2\r\n\r\nA: body\r\n");
}

TEST(Edits, Cut_ChangesAnyOctets) {
  const std::string content = "A: 1\r\nB: 2\r\n\r\nbody [x] end";
  const HeaderBlock block = HeaderBlock::Parse(content);
  Edits edits(block);
  edits.Cut(content.find('['), 3, "filled");
  edits.Remove("A");
  edits.Cut(0, 0, "C: 3\r\n");
  edits.Cut(content.size(), 0, "!");
  EXPECT_EQ(edits.Apply(content), "C: 3\r\nB: 2\r\n\r\nbody filled end!");
}

TEST(FieldLine, CannotMakeASecondField) {
  EXPECT_EQ(FieldLine("A", "b"), "A: b\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\n c"), "A: b\r\n c\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\n\tc\r\n d"), "A: b\r\n\tc\r\n d\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\nEvil: c"), "A: b  Evil: c\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\n\r\nbody"), "A: b    body\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\n \r\n c"), "A: b   \r\n c\r\n");
  EXPECT_EQ(FieldLine("A", "b\r\n "), "A: b   \r\n");
  EXPECT_EQ(FieldLine("A", "b\nc\rd\0e"s), "A: b c d e\r\n");
}

}  // namespace
}  // namespace staffetta::mime
