// SPDX-License-Identifier: Apache-2.0
// Turns what a trainer reports into TensorBoard's events.
#include "report/tensorboard/event_log.hpp"

#include <chrono>

#include <event.pb.h>

#include "report/epoch_values.hpp"
#include "report/guard_text.hpp"

namespace slalom::report {
namespace {

namespace tb = slalom::tensorboard;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

tb::Event event_at(std::int64_t step) {
  tb::Event event;
  event.set_wall_time(now());
  event.set_step(step);
  return event;
}

void add_scalar(tb::Event& event, const std::string& tag, double number) {
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.set_number(static_cast<float>(number));
  value.mutable_metadata()->mutable_plugin()->set_name("scalars");
  value.mutable_metadata()->set_data_class(tb::SCALAR);
}

/// The plugin reads Markdown, in which what is indented by four blanks stays as it is.
void add_text(tb::Event& event, const std::string& tag, const std::string& text) {
  std::string code = "    ";
  for (const char c : text) code += c == '\n' ? std::string("\n    ") : std::string(1, c);
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.mutable_tensor()->set_type(tb::Tensor::STRING);
  value.mutable_tensor()->mutable_shape();
  value.mutable_tensor()->add_text(code);
  value.mutable_metadata()->mutable_plugin()->set_name("text");
  value.mutable_metadata()->set_data_class(tb::TENSOR);
}

/// All is in the metadata; the tensor is empty.
void add_hyperparameters(tb::Event& event, const char* what, const tb::HyperParameters& content) {
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(std::string("_hparams_/") + what);
  value.mutable_tensor()->set_type(tb::Tensor::FLOAT);
  value.mutable_tensor()->mutable_shape()->add_dimension()->set_size(0);
  value.mutable_metadata()->mutable_plugin()->set_name("hparams");
  value.mutable_metadata()->mutable_plugin()->set_content(content.SerializeAsString());
  value.mutable_metadata()->set_data_class(tb::TENSOR);
}

google::protobuf::Value value_of(const EventLogOptions::Value& value) {
  google::protobuf::Value result;
  if (const bool* flag = std::get_if<bool>(&value)) result.set_bool_value(*flag);
  if (const double* number = std::get_if<double>(&value)) result.set_number_value(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) result.set_string_value(*text);
  return result;
}

/// One event after another, as records of a file.
class Batch {
 public:
  void add(const tb::Event& event) { records_.push_back(event.SerializeAsString()); }
  void write_to(EventFile& file) const { file.append(records_); }

 private:
  std::vector<std::string> records_;
};

void append(EventFile& file, const tb::Event& event) {
  Batch batch;
  batch.add(event);
  batch.write_to(file);
}

/// What this folder says of `step` and later steps before this event is void; readers heed the second one and later ones.
tb::Event run_begins_at(std::int64_t step) {
  tb::Event event = event_at(step);
  event.mutable_session_log()->set_status(tb::SessionLog::START);
  return event;
}

tb::Event session_start(const EventLogOptions& options, std::int64_t member) {
  tb::HyperParameters content;
  auto& values = *content.mutable_start()->mutable_hyper_parameters();
  for (const auto& [name, value] : options.hyperparameters) values[name] = value_of(value);
  if (!options.names.of(member).empty()) {
    values[options.names.noun].set_number_value(static_cast<double>(member + options.names.first));
  }
  content.mutable_start()->set_time(now());
  tb::Event event = event_at(0);
  add_hyperparameters(event, "session_start_info", content);
  return event;
}

}  // namespace

EventLog::EventLog(const EventLogOptions& options) {
  for (std::int64_t member = 0; member < options.members; ++member) {
    const std::string name = options.names.of(member, "-");
    files_.emplace_back(options.flag, name.empty() ? options.folder : options.folder + "/" + name, options.resume);
    Batch batch;
    tb::Event version = event_at(0);
    version.set_file_version("brain.Event:2");
    batch.add(version);
    if (!options.resume) batch.add(run_begins_at(0));
    for (const auto& [tag, text] : options.texts) {
      tb::Event event = event_at(0);
      add_text(event, tag, text);
      batch.add(event);
    }
    batch.add(session_start(options, member));
    batch.write_to(files_.back());
  }
}

void EventLog::on_epoch(const EpochReport& r) {
  tb::Event event = event_at(r.epoch);
  for (const auto& [name, value] : epoch_values(r)) add_scalar(event, name, value);
  if (r.valid) {
    add_scalar(event, "valid/loss", r.valid->loss);
    for (const auto& [name, value] : r.valid->items()) add_scalar(event, "valid/" + name, value);
  }
  append(files_.at(static_cast<std::size_t>(r.member)), event);
}

void EventLog::on_resume(std::int64_t member, std::int64_t epochs) {
  append(files_.at(static_cast<std::size_t>(member)), run_begins_at(epochs + 1));
}

void EventLog::on_guard(const GuardEvent& guard) {
  tb::Event event = event_at(guard.retry);  // epochs may come again, and readers drop what goes back
  add_text(event, "guard", guard_line(guard));
  append(files_.at(static_cast<std::size_t>(guard.member)), event);
}

void EventLog::finish(bool success) {
  tb::HyperParameters content;
  content.mutable_end()->set_status(success ? tb::SessionEnd::SUCCESS : tb::SessionEnd::FAILURE);
  content.mutable_end()->set_time(now());
  tb::Event event = event_at(0);
  add_hyperparameters(event, "session_end_info", content);
  for (EventFile& file : files_) append(file, event);
}

}  // namespace slalom::report
