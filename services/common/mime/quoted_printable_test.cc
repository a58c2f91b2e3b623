#include "common/mime/quoted_printable.h"

#include <gtest/gtest.h>

namespace staffetta::mime {
namespace {

TEST(QuotedPrintable, IsDecodedLeniently) {
  EXPECT_EQ(DecodeQuotedPrintable("caf=C3=A9 =3d"), "café =");
  EXPECT_EQ(DecodeQuotedPrintable("soft=\r\nbreak= \t\r\nhere="), "softbreakhere");
  EXPECT_EQ(DecodeQuotedPrintable("blanks \t\r\nat end  "), "blanks\r\nat end");
  EXPECT_EQ(DecodeQuotedPrintable("=20\r\n"), " \r\n");
  EXPECT_EQ(DecodeQuotedPrintable("=ZZ =4 ="), "=ZZ =4 ");
  EXPECT_EQ(DecodeQuotedPrintable("a  b"), "a  b");
}

TEST(QuotedPrintable, IsEncodedInShortLines) {
  EXPECT_EQ(EncodeQuotedPrintable("café =\r\nx \r\n"), "caf=C3=A9 =3D\r\nx=20\r\n");
  EXPECT_EQ(EncodeQuotedPrintable("a\rb\nc"), "a=0Db=0Ac");
  EXPECT_EQ(EncodeQuotedPrintable(std::string(76, 'x')), std::string(76, 'x'));
  EXPECT_EQ(EncodeQuotedPrintable(std::string(77, 'x')), std::string(75, 'x') + "=\r\nxx");
  EXPECT_EQ(EncodeQuotedPrintable(std::string(74, 'x') + "\xE9"),
            std::string(74, 'x') + "=\r\n=E9");
  EXPECT_EQ(EncodeQuotedPrintable(std::string(73, 'x') + "\xE9"), std::string(73, 'x') + "=E9");
}

TEST(QuotedPrintable, EveryOctet_ComesBack) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += static_cast<char>(i * 7 % 256);
  text += " \r\n\t\r\n \t ";
  EXPECT_EQ(DecodeQuotedPrintable(EncodeQuotedPrintable(text)), text);
}

}  // namespace
}  // namespace staffetta::mime
