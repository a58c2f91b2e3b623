#pragma once

// Content as it goes out with DATA (RFC 5321 §4.5.2): dots stuffed, ended by CRLF.CRLF. Content
// has CRLF line endings already; should a bare CR or LF be found all the same, it is made a CRLF,
// so that none ever leaves.

#include <cstddef>
#include <string>
#include <string_view>

namespace staffetta::smtp {

// For content that comes in pieces. Feed each in order, then Finish once.
class DataEncoder {
 public:
  void Feed(std::string_view piece, std::string* out);
  // Appends what is missing of the last CRLF, and ".\r\n".
  void Finish(std::string* out);

 private:
  bool line_start_ = true;
  bool cr_pending_ = false;  // the last octet was a CR, not yet written
};

// The whole content at once.
void EncodeData(std::string_view content, std::string* out);

// Whether content goes out with DATA as it is: lines of at most `max_line` octets, each ended by
// CRLF, and no other CR, LF or NUL.
bool FitsData(std::string_view content, size_t max_line);

// The same question about content that comes in pieces.
class DataFit {
 public:
  explicit DataFit(size_t max_line) : max_line_(max_line) {}

  void Feed(std::string_view piece);
  // All that was fed.
  bool Fits() const { return !broken_ && !cr_pending_ && line_ == 0; }

 private:
  const size_t max_line_;
  size_t line_ = 0;          // octets of the line that has not ended yet
  bool cr_pending_ = false;  // the last octet was a CR
  bool broken_ = false;
};

}  // namespace staffetta::smtp
