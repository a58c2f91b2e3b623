// Command lines and all their arguments (RFC 5321 §4.1.1).

#include "common/smtp/command.h"
#include "common/smtp/params.h"
#include "common/smtp/utf8.h"
#include "fuzz.h"

namespace staffetta::smtp {

void ReadParams(const Params& params) {
  for (const Param& param : params.list) {
    CHECK(!param.keyword.empty() && !HasControl(param.keyword));
    CHECK(!param.value || (!param.value->empty() && !HasControl(*param.value)));
    (void)ParseSizeParam(param.value);
    (void)ParseBodyParam(param.value);
    (void)ParseMtPriorityParam(param.value);
    (void)ParseRetParam(param.value);
    (void)ParseNotifyParam(param.value);
    (void)ParseHoldForParam(param.value);
    (void)ParseByParam(param.value);
    if (const auto envid = ParseEnvidParam(param.value)) CHECK(!HasControl(*envid));
    if (const auto orcpt = ParseOrcptParam(param.value)) CHECK(!HasControl(orcpt->address));
  }
}

FUZZ {
  const Command command = ParseCommand(input);
  const bool broken = input.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  const bool bdat = command.verb == Verb::kBdat;
  CHECK(!broken || command.verb == Verb::kMalformed || bdat);
  for (const bool utf8 : {false, true}) {
    if (const auto mail = ParseMail(command.argument, utf8)) {
      CHECK(!HasControl(mail->reverse_path.ToString()));
      ReadParams(mail->params);
    }
    if (const auto rcpt = ParseRcpt(command.argument, utf8)) {
      CHECK(!rcpt->forward_path.IsNull());
      CHECK(!HasControl(rcpt->forward_path.ToString()));
      ReadParams(rcpt->params);
    }
  }
  if (const auto name = ParseHelloName(command.argument)) CHECK(!HasControl(*name));
  CHECK(!ParseBdat(command.argument) || !broken);
  (void)CheckVrfy(command.argument, true);
}

}  // namespace staffetta::smtp
