#include "common/smtp/syntax_error.h"

#include <cstdlib>
#include <string>

namespace staffetta::smtp {

std::string_view Describe(SyntaxError error) {
  switch (error) {
    case SyntaxError::kPathWithoutBrackets:
      return "the address must be written in angle brackets";
    case SyntaxError::kPathTooLong:
      return "the path is longer than 256 octets";
    case SyntaxError::kNullPathRefused:
      return "the null path is not a recipient";
    case SyntaxError::kNoDomain:
      return "the address has no domain";
    case SyntaxError::kBadLocalPart:
      return "the local part of the address is malformed";
    case SyntaxError::kLocalPartTooLong:
      return "the local part of the address is longer than 64 octets";
    case SyntaxError::kBadDomain:
      return "the domain of the address is malformed";
    case SyntaxError::kDomainTooLong:
      return "the domain of the address is longer than 255 octets";
    case SyntaxError::kBadSourceRoute:
      return "the source route of the path is malformed";
    case SyntaxError::kControlCharacter:
      return "control characters are not allowed here";
    case SyntaxError::kBadUtf8:
      return "the text is not valid UTF-8";
    case SyntaxError::kUtf8NotAllowed:
      return "an internationalised address needs SMTPUTF8";
    case SyntaxError::kBadArgument:
      return "syntax error in the argument";
    case SyntaxError::kBadParameter:
      return "syntax error in a parameter";
    case SyntaxError::kDuplicateParameter:
      return "a parameter was given twice";
    case SyntaxError::kBadParameterValue:
      return "a parameter has a value that it cannot have";
    case SyntaxError::kNumberTooLarge:
      return "a number is too large";
    case SyntaxError::kBadBase64:
      return "the response is not valid base64";
    case SyntaxError::kBadCredentials:
      return "the response does not have the form of the mechanism";
    case SyntaxError::kNonAsciiName:
      return "user names are ASCII here";
  }
  std::abort();
}

Reply ReplyFor(SyntaxError error, bool recipient) {
  const EnhancedCode bad_address = recipient ? EnhancedCode{5, 1, 3} : EnhancedCode{5, 1, 7};
  int code = 501;
  EnhancedCode enhanced;
  switch (error) {
    case SyntaxError::kPathWithoutBrackets:
    case SyntaxError::kPathTooLong:
    case SyntaxError::kNullPathRefused:
    case SyntaxError::kNoDomain:
    case SyntaxError::kBadLocalPart:
    case SyntaxError::kLocalPartTooLong:
    case SyntaxError::kBadDomain:
    case SyntaxError::kDomainTooLong:
    case SyntaxError::kBadSourceRoute:
    case SyntaxError::kControlCharacter:
    case SyntaxError::kBadUtf8:
      enhanced = bad_address;
      break;
    case SyntaxError::kUtf8NotAllowed:
      code = recipient ? 550 : 553;
      enhanced = {5, 6, 7};
      break;
    case SyntaxError::kBadArgument:
    case SyntaxError::kBadParameter:
    case SyntaxError::kDuplicateParameter:
    case SyntaxError::kBadParameterValue:
    case SyntaxError::kNumberTooLarge:
      enhanced = {5, 5, 4};
      break;
    case SyntaxError::kBadBase64:
    case SyntaxError::kBadCredentials:
    case SyntaxError::kNonAsciiName:
      enhanced = {5, 5, 2};
      break;
  }
  return Reply{code, enhanced, std::string(Describe(error))};
}

}  // namespace staffetta::smtp
