// SPDX-License-Identifier: Apache-2.0
// Turns what a trainer reports into TensorBoard's events.
#include "report/tensorboard/event_log.hpp"

#include "report/epoch_values.hpp"
#include "report/guard_text.hpp"
#include "report/tensorboard/events.hpp"

namespace slalom::report {

namespace tb = slalom::tensorboard;

namespace {

/// Those of the run, and which member it is.
HyperParameters hyperparameters_of(const EventLogOptions& options, std::int64_t member) {
  HyperParameters values = options.hyperparameters;
  if (!options.names.of(member).empty()) {
    values.emplace_back(options.names.noun, static_cast<double>(member + options.names.first));
  }
  return values;
}

}  // namespace

EventLog::EventLog(const EventLogOptions& options) {
  for (std::int64_t member = 0; member < options.members; ++member) {
    const std::string name = options.names.of(member, "-");
    files_.emplace_back(options.flag, name.empty() ? options.folder : options.folder + "/" + name, options.resume);
    std::vector<tb::Event> events{file_version()};
    if (!options.resume) events.push_back(run_begins_at(0));
    for (const auto& [tag, text] : options.texts) {
      events.push_back(event_at(0));
      add_text(events.back(), tag, text);
    }
    events.push_back(session_start(hyperparameters_of(options, member)));
    append(files_.back(), events);
  }
}

void EventLog::on_epoch(const EpochReport& r) {
  tb::Event event = event_at(r.epoch);
  for (const auto& [name, value] : epoch_values(r)) add_scalar(event, name, value);
  if (r.valid) {
    add_scalar(event, "valid/loss", r.valid->loss);
    for (const auto& [name, value] : r.valid->items()) add_scalar(event, "valid/" + name, value);
  }
  append(files_.at(static_cast<std::size_t>(r.member)), {event});
}

void EventLog::on_resume(std::int64_t member, std::int64_t epochs) {
  append(files_.at(static_cast<std::size_t>(member)), {run_begins_at(epochs + 1)});
}

void EventLog::on_guard(const GuardEvent& guard) {
  tb::Event event = event_at(guard.retry);  // epochs may come again, and readers drop what goes back
  add_text(event, "guard", guard_line(guard));
  append(files_.at(static_cast<std::size_t>(guard.member)), {event});
}

void EventLog::finish(bool success) {
  const tb::Event end = session_end(success);
  for (EventFile& file : files_) append(file, {end});
}

}  // namespace slalom::report
