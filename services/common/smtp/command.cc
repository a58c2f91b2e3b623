#include "common/smtp/command.h"

#include <algorithm>
#include <array>

#include "common/smtp/ascii.h"
#include "common/smtp/params.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

constexpr size_t kMaxHelloName = 255;

struct VerbEntry {
  std::string_view name;
  Verb verb;
};

constexpr std::array kVerbs = {
    VerbEntry{"EHLO", Verb::kEhlo},       VerbEntry{"HELO", Verb::kHelo},
    VerbEntry{"MAIL", Verb::kMail},       VerbEntry{"RCPT", Verb::kRcpt},
    VerbEntry{"DATA", Verb::kData},       VerbEntry{"BDAT", Verb::kBdat},
    VerbEntry{"RSET", Verb::kRset},       VerbEntry{"NOOP", Verb::kNoop},
    VerbEntry{"QUIT", Verb::kQuit},       VerbEntry{"VRFY", Verb::kVrfy},
    VerbEntry{"EXPN", Verb::kExpn},       VerbEntry{"HELP", Verb::kHelp},
    VerbEntry{"AUTH", Verb::kAuth},       VerbEntry{"STARTTLS", Verb::kStartTls},
    VerbEntry{"XCLIENT", Verb::kXclient},
};

// Takes the first word off `*text`, with the blanks behind it.
std::string_view TakeWord(std::string_view* text) {
  const size_t end = std::min(text->find_first_of(" \t"), text->size());
  const std::string_view word = text->substr(0, end);
  *text = TrimLeft(text->substr(end));
  return word;
}

bool IsKeyword(std::string_view text) {
  if (text.empty() || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return IsAlnum(c) || c == '-'; });
}

// esmtp-value: graphic characters but '='. (RFC 6531 §3.3 adds UTF-8.)
bool IsValue(std::string_view text) {
  return !text.empty() && !HasControl(text) && text.find_first_of(" =") == std::string_view::npos;
}

// `text` follows the path: empty, or blanks and parameters.
Parsed<Params, SyntaxError> ReadParams(std::string_view text) {
  Params params;
  if (text.empty()) return params;
  if (!IsBlank(text.front())) return SyntaxError::kBadArgument;
  text = Trim(text);
  while (!text.empty()) {
    const std::string_view word = TakeWord(&text);
    const size_t equals = word.find('=');
    const std::string_view keyword = word.substr(0, equals);
    if (!IsKeyword(keyword)) return SyntaxError::kBadParameter;
    Param param{ToUpper(keyword), std::nullopt};
    if (equals != std::string_view::npos) {
      const std::string_view value = word.substr(equals + 1);
      if (!IsValue(value)) return SyntaxError::kBadParameter;
      if (!IsUtf8(value)) return SyntaxError::kBadUtf8;
      param.value = std::string(value);
    }
    if (params.Has(param.keyword)) return SyntaxError::kDuplicateParameter;
    params.list.push_back(std::move(param));
  }
  return params;
}

// Takes "FROM:" or "TO:" and the blanks behind it; false when it is not there.
bool TakePrefix(std::string_view prefix, std::string_view* argument) {
  if (!StartsWithIgnoreCase(*argument, prefix)) return false;
  *argument = TrimLeft(argument->substr(prefix.size()));
  return true;
}

bool HasUtf8Value(const Params& params) {
  return std::any_of(params.list.begin(), params.list.end(),
                     [](const Param& param) { return param.value && !IsAscii(*param.value); });
}

}  // namespace

Command ParseCommand(std::string_view line) {
  std::string_view rest = line;
  const std::string_view word = TakeWord(&rest);
  const bool control = std::any_of(
      line.begin(), line.end(), [](unsigned char c) { return (c < 32 && c != '\t') || c == 127; });
  // Behind a BDAT comes content, whatever its line is like: its argument will be found bad.
  if (control && !EqualsIgnoreCase(word, "BDAT")) return {Verb::kMalformed, {}};
  for (const VerbEntry& entry : kVerbs) {
    if (EqualsIgnoreCase(word, entry.name)) return {entry.verb, Trim(rest)};
  }
  return {Verb::kUnknown, Trim(rest)};
}

std::string_view VerbName(Verb verb) {
  for (const VerbEntry& entry : kVerbs) {
    if (entry.verb == verb) return entry.name;
  }
  return "?";
}

const Param* Params::Find(std::string_view upper_keyword) const {
  for (const Param& param : list) {
    if (param.keyword == upper_keyword) return &param;
  }
  return nullptr;
}

Parsed<MailArgs, SyntaxError> ParseMail(std::string_view argument, bool offer_utf8) {
  if (!TakePrefix("FROM:", &argument)) return SyntaxError::kBadArgument;
  auto path = ParseLeadingPath(&argument, {.allow_utf8 = true, .allow_null = true});
  if (!path) return path.error();
  auto params = ReadParams(argument);
  if (!params) return params.error();
  const bool utf8 = offer_utf8 && params->Has("SMTPUTF8");
  if (!utf8 && (path->NeedsUtf8() || HasUtf8Value(*params))) return SyntaxError::kUtf8NotAllowed;
  return MailArgs{*std::move(path), *std::move(params)};
}

Parsed<RcptArgs, SyntaxError> ParseRcpt(std::string_view argument, bool allow_utf8) {
  if (!TakePrefix("TO:", &argument)) return SyntaxError::kBadArgument;
  auto path = ParseLeadingPath(&argument, {.allow_utf8 = allow_utf8, .allow_postmaster = true});
  if (!path) return path.error();
  auto params = ReadParams(argument);
  if (!params) return params.error();
  if (!allow_utf8 && HasUtf8Value(*params)) return SyntaxError::kUtf8NotAllowed;
  return RcptArgs{*std::move(path), *std::move(params)};
}

Parsed<BdatArgs, SyntaxError> ParseBdat(std::string_view argument) {
  argument = Trim(argument);
  const std::string_view number = TakeWord(&argument);
  const auto size = ParseSizeParam(std::string(number));
  if (!size) {
    return size.error() == SyntaxError::kNumberTooLarge ? SyntaxError::kNumberTooLarge
                                                        : SyntaxError::kBadArgument;
  }
  const bool last = EqualsIgnoreCase(argument, "LAST");
  if (!argument.empty() && !last) return SyntaxError::kBadArgument;
  return BdatArgs{*size, last};
}

std::optional<SyntaxError> CheckVrfy(std::string_view argument, bool offer_utf8) {
  constexpr std::string_view kKeyword = "SMTPUTF8";
  if (argument.empty()) return SyntaxError::kBadArgument;
  if (IsAscii(argument)) return std::nullopt;
  if (!IsUtf8(argument)) return SyntaxError::kBadUtf8;
  const size_t blank = argument.find_last_of(" \t");
  const bool asked =
      blank != std::string_view::npos && EqualsIgnoreCase(argument.substr(blank + 1), kKeyword);
  if (!offer_utf8 || !asked) return SyntaxError::kUtf8NotAllowed;
  return std::nullopt;
}

Parsed<std::string_view, SyntaxError> ParseHelloName(std::string_view argument) {
  argument = Trim(argument);
  const std::string_view name = TakeWord(&argument);
  if (name.empty() || name.size() > kMaxHelloName) return SyntaxError::kBadArgument;
  const bool graphic =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 32 && c < 127; });
  if (!graphic) return SyntaxError::kBadArgument;
  return name;
}

}  // namespace staffetta::smtp
