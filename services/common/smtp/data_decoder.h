#pragma once

// Content as it comes in: DATA (RFC 5321 §4.5.2) and BDAT (RFC 3030), made into content whose only
// line ending is CRLF. Incremental: however the input is cut in pieces, the result is the same.
//
// End of data is CRLF.CRLF and nothing else (or .CRLF as the very first octets, whose CRLF is that
// of the DATA command): no other mix of CR, LF, NUL and dots ends it, so nothing can be smuggled.
//
// Lenient: a bare LF becomes CRLF. The line behind it is not a line of the protocol: its leading
// dots are content, kept as they are (a lone "." too; the encoder stuffs it again). Strict: a bare
// LF is a bad byte. A bare CR and a NUL are bad bytes in both. After a bad byte the content is
// worthless and nothing more is appended, but the decoder goes on to the real end.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace staffetta::smtp {

class DataDecoder {
 public:
  enum class Framing {
    kDot,      // DATA: dots are unstuffed, the end is found
    kCounted,  // BDAT: the caller counts; call Finish() after the last chunk
  };
  struct Options {
    Framing framing = Framing::kDot;
    bool strict = false;
    bool binary = false;    // kCounted only: every octet is content as it is (RFC 3030 §3)
    size_t max_line = 998;  // octets without CRLF and without the stuffed dot
    uint64_t max_size = std::numeric_limits<uint64_t>::max();  // octets of decoded content
  };

  explicit DataDecoder(Options options) : options_(options) {}

  // Appends decoded content to `*out` and returns how many octets of `input` it used: all, or up to
  // the end of data. What follows is the next command. Call no more once done().
  size_t Feed(std::string_view input, std::string* out);

  // kCounted: the content ends here. (A CR that waits for its LF is bare.)
  void Finish();

  bool done() const { return state_ == State::kDone; }

  // What was wrong so far. With bad_bytes or too_big, `*out` is not the whole content.
  bool bad_bytes() const { return bad_bytes_; }          // 550 5.6.0
  bool line_too_long() const { return line_too_long_; }  // content is kept
  bool too_big() const { return too_big_; }              // 552 5.3.4
  bool bare_lf() const { return bare_lf_; }              // for the log; accepted when lenient

  // Octets of decoded content, also of those that were not stored because of max_size.
  uint64_t size() const { return size_; }

 private:
  enum class State {
    kLineStart,  // behind a true CRLF, or at the start
    kBareStart,  // behind a bare LF
    kInLine,
    kCr,     // behind a CR in a line
    kDot,    // behind a dot at kLineStart
    kDotCr,  // behind such a dot and a CR
    kDone,
  };

  size_t FeedLines(std::string_view input, size_t pos, std::string* out);
  void Store(std::string_view piece, std::string* out);
  void CountLine(size_t octets);
  void BareLf(std::string_view before, std::string* out);

  Options options_;
  State state_ = State::kLineStart;
  bool bad_bytes_ = false;
  bool line_too_long_ = false;
  bool too_big_ = false;
  bool bare_lf_ = false;
  size_t line_length_ = 0;
  uint64_t size_ = 0;
};

}  // namespace staffetta::smtp
