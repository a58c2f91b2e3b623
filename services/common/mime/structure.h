#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"

namespace staffetta::mime {

// How a message is put together.
struct Structure {
  size_t depth = 0;               // of multiparts and attached messages in each other; 0: neither
  bool eight_bit_header = false;  // of a part or an attached message
};

// Looks no deeper than one more than `max_depth`. Parts whose header is not understood have nothing
// in them. Linear in the content's size.
Structure Measure(const HeaderBlock& header, std::string_view content, size_t max_depth);

// The same for content that comes in pieces; however it is cut, the result is that of Measure.
// Holds the header of one part (16 KiB at most) and the boundaries that are open.
class StructureScanner {
 public:
  // `header` is the whole block of the message; it is not needed any more behind this.
  StructureScanner(const HeaderBlock& header, size_t max_depth);

  // What follows the header, in order; then Finish once.
  void Feed(std::string_view piece);
  void Finish();

  // By what was fed so far.
  const Structure& found() const { return found_; }

 private:
  // Where the next octet lies.
  enum class Place {
    kPartHeader,  // all of it is kept, until its end is seen
    kBody,        // looked at for a line that begins with "--"
    kCandidate,   // in such a line, which may be a boundary
  };

  bool done() const { return levels_.empty() || found_.depth > max_depth_; }
  size_t FeedBody(std::string_view piece);
  void FeedPartHeader(char c);
  void FeedCandidate(char c);
  void Match(char c);
  void Keep(char c);
  void BeginLine();
  void BeginPartHeader();
  void BeginCandidate();
  void EndCandidate();
  bool Leave(std::string_view line);
  void EndPartHeader();
  void Enter(const HeaderBlock& header);
  void Open(std::string boundary);

  const size_t max_depth_;
  std::vector<std::string> levels_;  // their boundaries, with "--"; empty: has none of its own
  std::map<std::string, size_t, std::less<>> boundaries_;  // to the level
  size_t longest_ = 0;                                     // of the boundaries that were ever open
  Place place_ = Place::kBody;
  size_t matched_ = 0;  // octets of CRLF "--" that the last ones are
  std::string kept_;    // of the part's header, or of the candidate
  size_t line_at_ = 0;  // in kept_: where the last line of the part's header begins
  bool cr_ = false;     // in a candidate: a CR that waits for its LF
  bool other_ = false;  // in a candidate: more came than any boundary has
  Structure found_;
};

}  // namespace staffetta::mime
