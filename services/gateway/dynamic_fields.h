#pragma once

// X-SMTPAPI's DynamicFields (SPEC X1): `[firstname]` in the subject and in text parts becomes what
// the message says it is. Pure.
//
// * Names count to the letter; a bracket around any other word stays as it is, and a value is not
//   looked at again.
// * In HTML parts the characters & < > " ' of a value are escaped: values come from people's forms,
// and
//   must not bring markup of their own.
// * A part keeps its charset and transfer encoding. Only where these cannot hold a value they
// change:
//   a part in (or without) US-ASCII becomes UTF-8; one without encoding becomes quoted-printable
//   when 8-bit octets or a line over 998 octets would come into it. In another charset, what it
//   does not have becomes a character reference in HTML and a question mark elsewhere.
// * Everything else keeps its octets: attachments, attached messages, signed and encrypted parts
// (also PGP
//   inside a text), parts of other charsets and encodings, and all MIME that is not understood.

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/mime/header.h"
#include "common/mime/header_edit.h"

namespace staffetta::gateway {

// Value by name, both UTF-8. A name has neither brackets nor controls; a value's controls are at
// most tab and line breaks (CRLF).
using DynamicFields = absl::flat_hash_map<std::string, std::string>;

// Adds to `edits` what the fields change in the content, whose header is `header`. The subject as
// it is then, for people, if it changes. False: the values in place would have over `room` octets.
bool Substitute(const DynamicFields& fields, const mime::HeaderBlock& header,
                std::string_view content, size_t room, mime::Edits* edits,
                std::optional<std::string>* subject);

}  // namespace staffetta::gateway
