// SPDX-License-Identifier: Apache-2.0
// Follows the entries of a log.
#include "report/run_record.hpp"

#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "model/untrusted_json.hpp"
#include "report/json_fields.hpp"
#include "report/member_names.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostMembers = 10000;

std::int64_t member_of(const Json& entry) {
  const double number = number_of(entry, "member");
  if (!(number >= 0.0 && number < static_cast<double>(kMostMembers))) {
    throw DataError(fmt::format("found the member {}, expected a number from 0 to {}", field(entry, "member").dump(),
                                kMostMembers - 1));
  }
  return static_cast<std::int64_t>(number);
}

std::string guard_text(const Json& entry) {
  return fmt::format("{} in epoch {:g}, step {:g}; back to epoch {:g}, learning rate {:.4g} to {:.4g} ({:g} of {:g})",
                     text_of(entry, "what"), number_of(entry, "epoch"), number_of(entry, "step"),
                     number_of(entry, "good_epoch"), number_of(entry, "old_lr"), number_of(entry, "new_lr"),
                     number_of(entry, "retry"), number_of(entry, "retries"));
}

}  // namespace

void RunRecord::add(const Json& entry) {
  if (!entry.is_object()) throw DataError("found no JSON object, expected one a line");
  const std::string event = text_of(entry, "event");
  if (event == "run") {
    const double format = number_of(entry, "format");
    if (!(format >= 1.0 && format <= static_cast<double>(kLogFormat))) {
      throw DataError(fmt::format("found a log of format {}, expected at most {}: a newer slalom wrote it",
                                  field(entry, "format").dump(), kLogFormat));
    }
    run = entry;
    result = nullptr;
    begun_again_ = !members.empty();
    totals_.clear();
    return;
  }
  if (event == "resume") return resume(entry);
  if (begun_again_) members.clear();  // the new process did not go on but began anew
  begun_again_ = false;
  if (event == "epoch") add_epoch(entry);
  if (event == "guard") add_guard(entry);
  if (event == "result") result = entry;
}

void RunRecord::resume(const Json& entry) {
  begun_again_ = false;
  Member& member = members[member_of(entry)];
  member.resumed_after = number_of(entry, "epochs");
  std::erase_if(member.epochs, [&](const Epoch& epoch) { return epoch.epoch > member.resumed_after; });
}

void RunRecord::add_epoch(const Json& entry) {
  const Json& valid = field(entry, "valid");
  Epoch epoch{.epoch = number_of(entry, "epoch"),
              .step = number_of(entry, "step"),
              .seconds = number_of(entry, "seconds"),
              .rate = number_of(entry, "lr"),
              .train_loss = number_of(entry, "train_loss"),
              .valid_loss = number_of(valid, "loss"),
              .samples_per_second = number_of(entry, "samples_per_second"),
              .device_memory = number_of(entry, "device_memory_bytes"),
              .process_memory = number_of(entry, "process_memory_bytes")};
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) {
    epoch.metrics[i] = number_of(valid, std::string(kMetricNames[i]).c_str());
  }
  Totals& before = totals_[member_of(entry)];
  const Totals now{epoch.seconds, epoch.samples_per_second * epoch.seconds};
  if (now.seconds > before.seconds && now.samples > before.samples) {
    epoch.samples_per_second = (now.samples - before.samples) / (now.seconds - before.seconds);
  }
  before = now;
  members[member_of(entry)].epochs.push_back(epoch);
}

void RunRecord::add_guard(const Json& entry) {
  Member& member = members[member_of(entry)];
  Guard guard{.epoch = number_of(entry, "epoch"),
              .step = number_of(entry, "step"),
              .good_epoch = number_of(entry, "good_epoch"),
              .text = guard_text(entry)};
  if (!member.epochs.empty()) guard.seconds = member.epochs.back().seconds;
  const auto act = static_cast<std::int64_t>(member.guards.size()) + 1;
  for (Epoch& epoch : member.epochs) {
    if (epoch.piece == 0 && epoch.epoch >= guard.good_epoch) epoch.piece = act;
  }
  member.guards.push_back(std::move(guard));
}

std::string RunRecord::member_name(std::int64_t member) const {
  const double first = number_of(run, "first_member");
  return MemberNames{text_of(run, "member_noun"), std::isfinite(first) ? static_cast<std::int64_t>(first) : 1}.of(
      member);
}

std::int64_t RunRecord::chosen() const {
  const double number = number_of(result, "chosen");
  const auto member =
      number >= 0.0 && number < static_cast<double>(kMostMembers) ? static_cast<std::int64_t>(number) : 0;
  return members.contains(member) || members.empty() ? member : members.begin()->first;
}

bool RunRecord::empty() const { return members.empty() && result.is_null(); }

bool RunRecord::is_tuning() const { return field(result, "tune").is_object(); }

RunRecord read_run_log(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw InputError(path + ": cannot be opened");
  RunRecord record;
  record.name = path;
  std::int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const bool has_end = !file.eof();
    if (line.empty()) continue;
    try {
      const Json entry = model_io::parse_untrusted<Json>(line);
      if (entry.is_discarded() && !has_end) {
        record.cut_off = true;
        break;
      }
      if (entry.is_discarded()) throw DataError("found no JSON, expected an object as slalom train --metrics writes");
      record.add(entry);
    } catch (const DataError& error) {
      throw DataError(fmt::format("{}, line {}: {}", path, number, error.what()));
    }
  }
  if (file.bad()) throw InputError(path + ": cannot be read");
  if (record.empty()) {
    throw DataError(path + ": found no epoch and no result, expected a metrics log as slalom train --metrics writes");
  }
  return record;
}

}  // namespace slalom::report
