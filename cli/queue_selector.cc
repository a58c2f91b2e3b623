#include "cli/queue_selector.h"

#include <absl/strings/str_cat.h>

#include "cli/command_line.h"
#include "common/base/units.h"
#include "common/rpc/times.h"

namespace staffetta::cli {

namespace pb = ::staffetta::queue::v1;

void QueueSelector::AddTo(CLI::App* command) {
  CLI::Option* const account = AddNumber(command, "--account", &account_, "Of this account", 1);
  CLI::Option* const list =
      AddNumber(command, "--list", &list_, "Of this list of the account; 0: its default list");
  list->needs(account);
  list_option_ = list;
  command->add_option("--user", user_, "Of this SMTP user")->type_name("NAME");
  command->add_option("--message", message_, "Of this message")->type_name("ID");
  command->add_option("--lane", lane_, "In this lane (account/list/channel/destination)")
      ->type_name("LANE");
  command->add_option("--channel", channel_, "By this channel")->type_name("NAME");
  command->add_option("--destination", destination_, "To this domain")->type_name("DOMAIN");
  command->add_option("--campaign", campaign_, "Of this campaign (CampaignCode)")
      ->type_name("CODE");
  AddNumber(command, "--class", &class_, "Of this class, 1 to 5", 1, 5);
  command->add_option("--state", state_, "In this state")
      ->check(CLI::IsMember(Words<pb::DeliveryState>()))
      ->type_name("STATE");
  command->add_option("--older-than", older_than_, "Accepted so long ago, as 90s, 5m, 36h")
      ->type_name("TIME");
  AddTime(command, "--due-before", &due_before_,
          "Scheduled, or to be tried again, before this time");
  command->add_option("--sender", sender_, "Envelope sender, or a part of it")->type_name("TEXT");
  command->add_option("--recipient", recipient_, "A recipient, or a part of one")
      ->type_name("TEXT");
  command->add_option("--subject", subject_, "Part of the subject")->type_name("TEXT");
}

absl::StatusOr<pb::Selector> QueueSelector::Get() const {
  pb::Selector selector;
  selector.set_account_id(account_);
  if (list_option_->count() > 0) selector.set_list_id(list_);
  selector.set_class_(static_cast<int>(class_));
  selector.set_user(user_);
  selector.set_message_id(message_);
  selector.set_lane(lane_);
  selector.set_channel(channel_);
  selector.set_destination(destination_);
  selector.set_campaign(campaign_);
  selector.set_state(ValueOf<pb::DeliveryState>(state_));
  selector.set_sender(sender_);
  selector.set_recipient(recipient_);
  selector.set_subject(subject_);
  if (!due_before_.empty()) *selector.mutable_due_before() = TimeFrom(due_before_);
  if (!older_than_.empty()) {
    const auto age = ParseDuration(older_than_);
    if (!age.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--older-than: ", std::string(age.status().message())));
    }
    *selector.mutable_older_than() = rpc::ToProto(*age);
  }
  return selector;
}

}  // namespace staffetta::cli
