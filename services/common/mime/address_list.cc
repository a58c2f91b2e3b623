#include "common/mime/address_list.h"

#include <array>
#include <optional>

#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

using Error = AddressListError;

constexpr int kMaxCommentDepth = 32;

// atext, dots, and 8-bit octets, which are checked with the address.
constexpr std::array<bool, 256> MakeAtomChars() {
  std::array<bool, 256> atom{};
  for (int c = 33; c < 256; ++c) atom[c] = c != 127;
  for (unsigned char c : std::string_view("()<>[]:;@\\,\"")) atom[c] = false;
  return atom;
}
constexpr std::array<bool, 256> kAtomChars = MakeAtomChars();

bool IsAtomChar(char c) { return kAtomChars[static_cast<unsigned char>(c)]; }

// Reads one list from left to right. Each Read… and Skip… leaves `at_` behind what it took, and
// returns an error or none.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Error> ReadAll(std::vector<Address>* addresses) {
    while (true) {
      if (addresses->size() == kMaxAddresses) return Error::kTooMany;
      Address address;
      if (auto error = ReadAddress(&address)) return error;
      addresses->push_back(std::move(address));
      if (AtEnd()) return std::nullopt;
      if (Peek() != ',') return Error::kSyntax;
      ++at_;
    }
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return text_[at_]; }

  // White space and comments.
  std::optional<Error> SkipCfws() {
    int depth = 0;
    while (!AtEnd()) {
      const char c = Peek();
      if (c == '(') {
        if (++depth > kMaxCommentDepth) return Error::kTooDeep;
      } else if (depth == 0) {
        if (!smtp::IsBlank(c)) return std::nullopt;
      } else if (c == ')') {
        --depth;
      } else if (c == '\\') {
        ++at_;
        if (AtEnd()) break;
      }
      ++at_;
    }
    if (depth > 0) return Error::kUnterminated;
    return std::nullopt;
  }

  // A quoted string: its meaning to `*meaning`.
  std::optional<Error> ReadQuoted(std::string* meaning) {
    for (++at_; !AtEnd(); ++at_) {
      if (Peek() == '"') {
        ++at_;
        return std::nullopt;
      }
      if (Peek() == '\\') {
        ++at_;
        if (AtEnd()) break;
      }
      meaning->push_back(Peek());
    }
    return Error::kUnterminated;
  }

  // Words (atoms with dots, quoted strings) with white space and comments between them, up to
  // another character. `*spelling` gets the one word as written, and stays empty when there are
  // several: only a single word can be a local part.
  std::optional<Error> ReadWords(std::string* phrase, std::string_view* spelling) {
    int words = 0;
    while (true) {
      if (auto error = SkipCfws()) return error;
      if (AtEnd() || (Peek() != '"' && !IsAtomChar(Peek()))) break;
      const size_t start = at_;
      if (words > 0) phrase->push_back(' ');
      if (Peek() == '"') {
        if (auto error = ReadQuoted(phrase)) return error;
      } else {
        while (!AtEnd() && IsAtomChar(Peek())) phrase->push_back(text_[at_++]);
      }
      *spelling = text_.substr(start, at_ - start);
      ++words;
    }
    if (words != 1) *spelling = {};
    return std::nullopt;
  }

  // Behind the '@': a domain or a literal; then the mailbox is whole.
  std::optional<Error> ReadDomain(std::string_view local, smtp::Mailbox* mailbox) {
    if (auto error = SkipCfws()) return error;
    const size_t start = at_;
    if (!AtEnd() && Peek() == '[') {
      while (!AtEnd() && Peek() != ']') ++at_;
      if (AtEnd()) return Error::kUnterminated;
      ++at_;
    } else {
      while (!AtEnd() && IsAtomChar(Peek())) ++at_;
    }
    std::string spelling(local);
    spelling += '@';
    spelling += text_.substr(start, at_ - start);
    auto parsed = smtp::ParseMailbox(spelling, true);
    if (!parsed) return Error::kBadAddress;
    *mailbox = *std::move(parsed);
    return SkipCfws();
  }

  // Behind the '<'.
  std::optional<Error> ReadAngle(smtp::Mailbox* mailbox) {
    std::string phrase;
    std::string_view local;
    if (auto error = ReadWords(&phrase, &local)) return error;
    if (AtEnd()) return Error::kUnterminated;
    if (Peek() != '@') return Error::kSyntax;
    if (phrase.empty() && local.empty()) return Error::kRoute;
    if (local.empty()) return Error::kBadAddress;
    ++at_;
    if (auto error = ReadDomain(local, mailbox)) return error;
    if (AtEnd()) return Error::kUnterminated;
    if (Peek() != '>') return Error::kSyntax;
    ++at_;
    return SkipCfws();
  }

  std::optional<Error> ReadAddress(Address* address) {
    std::string phrase;
    std::string_view local;
    if (auto error = ReadWords(&phrase, &local)) return error;
    if (AtEnd()) return phrase.empty() ? Error::kEmpty : Error::kSyntax;
    switch (Peek()) {
      case '<':
        ++at_;
        address->display_name = std::move(phrase);
        return ReadAngle(&address->mailbox);
      case '@':
        if (local.empty()) return Error::kBadAddress;
        ++at_;
        return ReadDomain(local, &address->mailbox);
      case ':':
        return Error::kGroup;
      case ',':
        return phrase.empty() ? Error::kEmpty : Error::kSyntax;
      default:
        return Error::kSyntax;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Removes folds; none when there are controls that are not part of one.
std::optional<std::string> UnfoldStrictly(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    const auto c = static_cast<unsigned char>(raw[i]);
    if (c == '\r' && raw.substr(i, 2) == "\r\n" && i + 2 < raw.size() &&
        smtp::IsBlank(raw[i + 2])) {
      ++i;
      continue;
    }
    if ((c < 32 && c != '\t') || c == 127) return std::nullopt;
    text.push_back(raw[i]);
  }
  return text;
}

}  // namespace

std::string_view Describe(AddressListError error) {
  switch (error) {
    case Error::kEmpty:
      return "an address is missing";
    case Error::kSyntax:
      return "not a list of addresses";
    case Error::kBadAddress:
      return "an address is malformed";
    case Error::kGroup:
      return "a group is not allowed here";
    case Error::kRoute:
      return "a route in an address is not allowed";
    case Error::kUnterminated:
      return "a quoted string, comment or bracket does not end";
    case Error::kBadBytes:
      return "control characters are not allowed";
    case Error::kTooDeep:
      return "comments are nested too deeply";
    case Error::kTooMany:
      return "too many addresses";
  }
  return "not a list of addresses";
}

smtp::Parsed<std::vector<Address>, AddressListError> ParseAddressList(std::string_view raw_value) {
  const std::optional<std::string> text = UnfoldStrictly(raw_value);
  if (!text) return Error::kBadBytes;
  std::vector<Address> addresses;
  if (auto error = Reader(*text).ReadAll(&addresses)) return *error;
  return addresses;
}

}  // namespace staffetta::mime
