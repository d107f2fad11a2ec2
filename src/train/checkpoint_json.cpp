// SPDX-License-Identifier: Apache-2.0
// Converts what a checkpoint says of a run to JSON and back, trusting nothing.
#include "train/checkpoint_json.hpp"

#include <cmath>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "model/untrusted_json.hpp"

namespace slalom::training {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostMembers = 10000;
constexpr std::size_t kMostGood = 2;

/// Calls visit(name, field) for every field of a RunState.
template <class State, class Visit>
void visit_fields(State& s, const Visit& visit) {
  visit("epoch", s.at.epoch);
  visit("row", s.at.row);
  visit("step", s.at.step);
  visit("samples", s.samples);
  visit("learning_rate", s.learning_rate);
  visit("loss_sum", s.loss_sum);
  visit("loss_rows", s.loss_rows);
  visit("plateau_rate", s.plateau.rate);
  visit("plateau_best", s.plateau.best);
  visit("plateau_bad_epochs", s.plateau.bad_epochs);
  visit("plateau_cooldown_left", s.plateau.cooldown_left);
  visit("watched_loss", s.watched_loss);
  visit("best_epoch", s.best_epoch);
  visit("progress_mark", s.progress_mark);
  visit("epochs_without_progress", s.epochs_without_progress);
  visit("steps_run", s.steps_run);
  visit("watch_floor", s.watch.floor);
  visit("watch_smoothed", s.watch.smoothed);
  visit("watch_best", s.watch.best);
  visit("watch_counted", s.watch.counted);
  visit("watch_high", s.watch.high);
  visit("rate_scale", s.rate_scale);
  visit("retries", s.retries);
}
static_assert(sizeof(RunState) == std::size_t{23} * 8, "visit_fields has to name every field of RunState");

/// JSON has no infinities.
Json json_of(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf";
}
Json json_of(std::int64_t value) { return value; }

void read(const Json& json, double& value) {
  if (json.is_number()) {
    value = json.get<double>();
    return;
  }
  const auto text = json.get<std::string>();
  if (text == "nan") {
    value = std::nan("");
  } else if (text == "inf" || text == "-inf") {
    value = text == "inf" ? RunState::kNone : -RunState::kNone;
  } else {
    throw DataError("found '" + text + "', expected a number");
  }
}
void read(const Json& json, std::int64_t& value) { value = model_io::whole_number(json); }

Json run_json(const RunState& state) {
  Json run = Json::object();
  visit_fields(state, [&](const char* name, const auto& value) { run[name] = json_of(value); });
  return run;
}

void read_run(const Json& json, RunState& state) {
  visit_fields(state, [&](const char* name, auto& value) { read(json.at(name), value); });
}

Json member_json(const SavedMember& member) {
  Json good = Json::array();
  for (const GoodState& state : member.good) {
    good.push_back({{"run", run_json(state.run)}, {"optimizer_steps", state.member.step}});
  }
  Json json = {{"run", run_json(member.run)},
               {"good", good},
               {"last_watched_loss", json_of(member.last_watched_loss)},
               {"optimizer_steps", member.state.step}};
  if (member.best) json["best_optimizer_steps"] = member.best->step;
  if (!member.divergence.empty()) json["divergence"] = member.divergence;
  return json;
}

SavedMember member_of(const Json& json) {
  SavedMember member;
  read_run(json.at("run"), member.run);
  const Json& good = json.at("good");
  if (!good.is_array() || good.size() > kMostGood) throw DataError("found no list of at most 2 good states");
  for (const Json& state : good) {
    GoodState& kept = member.good.emplace_back();
    read_run(state.at("run"), kept.run);
    read(state.at("optimizer_steps"), kept.member.step);
  }
  read(json.at("last_watched_loss"), member.last_watched_loss);
  read(json.at("optimizer_steps"), member.state.step);
  if (json.contains("best_optimizer_steps")) read(json.at("best_optimizer_steps"), member.best.emplace().step);
  if (json.contains("divergence")) member.divergence = json.at("divergence").get<std::string>();
  return member;
}

}  // namespace

std::string to_json(const Checkpoint& checkpoint) {
  Json members = Json::array();
  for (const SavedMember& member : checkpoint.members) members.push_back(member_json(member));
  Json json = {{"settings_and_data", checkpoint.run},
               {"seconds", checkpoint.seconds},
               {"best_file", checkpoint.best_file},
               {"best_watched_loss", json_of(checkpoint.best_watched_loss)},
               {"members", members}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Checkpoint checkpoint_of_json(std::string_view text) {
  try {
    const auto json = model_io::parse_untrusted<Json>(text);
    if (json.is_discarded()) throw DataError("the description of the run is not JSON");
    Checkpoint checkpoint;
    checkpoint.run = json.at("settings_and_data").get<Fingerprint>();
    read(json.at("seconds"), checkpoint.seconds);
    checkpoint.best_file = json.at("best_file").get<std::string>();
    read(json.at("best_watched_loss"), checkpoint.best_watched_loss);
    const Json& members = json.at("members");
    if (!members.is_array() || members.empty() || members.size() > kMostMembers) {
      throw DataError("found no list of 1 to " + std::to_string(kMostMembers) + " members");
    }
    std::int64_t steps = 0;
    for (const Json& member : members) {
      checkpoint.members.push_back(member_of(member));
      if (__builtin_add_overflow(steps, checkpoint.members.back().run.steps_run, &steps)) {
        throw DataError("the members have more steps than can be counted");
      }
    }
    return checkpoint;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(error.what());
  }
}

}  // namespace slalom::training
