// SPDX-License-Identifier: Apache-2.0
// Lists what decides a run's numbers.
#include "train/fingerprint.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <slalom/model.hpp>

#include "data/class_names.hpp"
#include "model/model_json.hpp"
#include "train/checksum.hpp"

namespace slalom::training {
namespace {

std::string text_of(double value) { return data::number_text(value); }
std::string text_of(const std::optional<double>& value) { return value ? data::number_text(*value) : "by default"; }
std::string text_of(bool value) { return value ? "yes" : "no"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(std::uint64_t value) { return std::to_string(value); }
std::string text_of(const std::vector<std::int64_t>& values) { return fmt::format("{}", fmt::join(values, ",")); }
template <class Enum>
requires std::is_enum_v<Enum> std::string text_of(Enum value) { return std::string(name_of(value)); }

/// Of all that a backend is given of the data.
std::string data_checksum(const Dataset& data) {
  std::uint32_t sum = checksum_of(bytes_of(data.features));
  sum = checksum_of(bytes_of(data.targets), sum);
  sum = checksum_of(bytes_of(data.labels), sum);
  return hex_text(checksum_of(bytes_of(data.weights), sum));
}

/// True if the rate of a step depends on how many steps the run is to have.
bool depends_on_length(const ScheduleConfig& schedule) {
  switch (schedule.kind) {
    case ScheduleKind::kLinear:
    case ScheduleKind::kCosine:
    case ScheduleKind::kOneCycle: return true;
    case ScheduleKind::kStep: return schedule.every == 0;
    default: return false;
  }
}

void add_model(Fingerprint& f, const TrainJob& job, const ModelSpec& spec) {
  f.emplace_back("--model", text_of(spec.kind));
  f.emplace_back("--hidden", text_of(spec.hidden));
  f.emplace_back("--activation", text_of(spec.activation));
  f.emplace_back("--batch-norm", text_of(spec.batch_norm));
  f.emplace_back("--dropout", text_of(spec.dropout));
  f.emplace_back("--loss", text_of(spec.loss.kind));
  f.emplace_back("--huber-delta", text_of(job.model.loss.huber_delta));
  f.emplace_back("--quantile", text_of(spec.loss.quantile));
  f.emplace_back("--init", text_of(spec.initialization));
  f.emplace_back("--init-scale", text_of(spec.init_scale));
}

void add_optimizer(Fingerprint& f, const OptimizerConfig& o) {
  f.emplace_back("--optimizer", text_of(o.kind));
  f.emplace_back("--convention", text_of(o.convention));
  f.emplace_back("--lr", text_of(o.learning_rate));
  f.emplace_back("--momentum", text_of(o.momentum));
  f.emplace_back("--dampening", text_of(o.dampening));
  f.emplace_back("--beta1", text_of(o.beta1));
  f.emplace_back("--beta2", text_of(o.beta2));
  f.emplace_back("--rho", text_of(o.rho));
  f.emplace_back("--epsilon", text_of(o.epsilon));
  f.emplace_back("--centered", text_of(o.centered));
  f.emplace_back("--amsgrad", text_of(o.amsgrad));
  f.emplace_back("--lr-decay", text_of(o.learning_rate_decay));
  f.emplace_back("--initial-accumulator", text_of(o.initial_accumulator));
  f.emplace_back("nadam's momentum decay", text_of(o.momentum_decay));
  f.emplace_back("--ftrl-beta", text_of(o.ftrl_beta));
  f.emplace_back("--average-start", text_of(o.average_start));
  f.emplace_back("--weight-decay", text_of(o.weight_decay));
  f.emplace_back("--l1", text_of(o.l1));
  f.emplace_back("--l2", text_of(o.l2));
  f.emplace_back("--clip-norm", text_of(o.clip_norm));
  f.emplace_back("--clip-value", text_of(o.clip_value));
}

void add_schedule(Fingerprint& f, const TrainerConfig& t) {
  const ScheduleConfig& s = t.schedule;
  f.emplace_back("--schedule", text_of(s.kind));
  f.emplace_back("--warmup-steps", text_of(s.warmup_steps));
  f.emplace_back("--step-every", text_of(s.every));
  f.emplace_back("--milestones", text_of(s.milestones));
  f.emplace_back("--factor", text_of(s.factor));
  f.emplace_back("--power", text_of(s.power));
  f.emplace_back("--min-lr", text_of(s.min_learning_rate));
  f.emplace_back("--end-factor", text_of(s.end_factor));
  f.emplace_back("--pct-start", text_of(s.pct_start));
  f.emplace_back("--div-factor", text_of(s.div_factor));
  f.emplace_back("--final-div-factor", text_of(s.final_div_factor));
  f.emplace_back("--plateau-patience", text_of(s.plateau_patience));
  f.emplace_back("--plateau-threshold", text_of(s.plateau_threshold));
  f.emplace_back("--plateau-cooldown", text_of(s.plateau_cooldown));
  if (depends_on_length(s)) f.emplace_back("--epochs", text_of(t.epochs));
}

void add_run(Fingerprint& f, const TrainJob& job, const std::vector<double>& start, DeviceKind device) {
  const TrainerConfig& t = job.trainer;
  f.emplace_back("--batch-size", t.batch_size == 0 ? "all" : text_of(t.batch_size));
  f.emplace_back("--max-steps", text_of(t.max_steps));
  f.emplace_back("--tol", text_of(t.tolerance));
  f.emplace_back("--patience", text_of(t.patience));
  f.emplace_back("--no-shuffle", text_of(!t.shuffle));
  f.emplace_back("--no-guard", text_of(!t.guard.on));
  f.emplace_back("--guard-factor", text_of(t.guard.factor));
  f.emplace_back("--guard-retries", text_of(t.guard.retries));
  f.emplace_back("--seed", text_of(t.seed));
  f.emplace_back("--init-from",
                 start.empty() ? "none" : "parameters with checksum " + hex_text(checksum_of(bytes_of(start))));
  f.emplace_back("--restarts", text_of(job.restarts));
  f.emplace_back("--device", text_of(device));
  f.emplace_back("--precision", text_of(job.precision));
}

void add_data(Fingerprint& f, const Prepared& p) {
  for (std::size_t i = 0; i < p.preprocessing.targets.size(); ++i) {
    f.emplace_back(fmt::format("target {}", i + 1), p.preprocessing.targets[i]);
  }
  f.emplace_back("number of feature columns", text_of(static_cast<std::int64_t>(p.preprocessing.inputs.size())));
  for (std::size_t i = 0; i < p.preprocessing.inputs.size(); ++i) {
    f.emplace_back(fmt::format("feature column {}", i + 1), p.preprocessing.inputs[i].name);
  }
  f.emplace_back("number of training rows", text_of(p.train.n_rows));
  f.emplace_back("number of validation rows", text_of(p.valid ? p.valid->n_rows : 0));
  const std::string preprocessing = model_io::to_json({.spec = p.spec, .preprocessing = p.preprocessing});
  f.emplace_back("checksum of the scales, fill values and categories", hex_text(checksum_of(preprocessing)));
  f.emplace_back("checksum of the training rows", data_checksum(p.train));
  f.emplace_back("checksum of the validation rows", p.valid ? data_checksum(*p.valid) : "none");
}

}  // namespace

Fingerprint fingerprint_of(const TrainJob& job, const Prepared& data, DeviceKind device) {
  Fingerprint f;
  add_model(f, job, data.spec);
  add_optimizer(f, job.trainer.optimizer);
  add_schedule(f, job.trainer);
  add_run(f, job, data.start, device);
  add_data(f, data);
  return f;
}

std::string first_difference(const Fingerprint& found, const Fingerprint& expected) {
  const auto [here, there] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  if (here == found.end() && there == expected.end()) return {};
  if (here != found.end() && there != expected.end() && here->first == there->first) {
    return fmt::format("{}: found {}, expected {}", here->first, here->second, there->second);
  }
  const auto text = [](bool over, const auto& entry) {
    return over ? "nothing more" : fmt::format("{} {}", entry->first, entry->second);
  };
  return fmt::format("found {}, expected {}", text(here == found.end(), here), text(there == expected.end(), there));
}

}  // namespace slalom::training
