// SPDX-License-Identifier: Apache-2.0
// Checks how to train.
#include <cmath>
#include <string>

#include <slalom/error.hpp>
#include <slalom/trainer.hpp>

#include "data/class_names.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kMostEpochs = 1000000000000;  ///< so that epochs x steps x rows cannot overflow in practice

void require(bool ok, const std::string& flag, const std::string& found, const std::string& expected) {
  if (!ok) throw UsageError(flag + ": found " + found + ", expected " + expected);
}

}  // namespace

void validate(const TrainerConfig& config) {
  validate(config.optimizer);
  validate(config.schedule);
  require(config.batch_size >= 0, "--batch-size", std::to_string(config.batch_size), "a number >= 1 or all");
  require(config.epochs >= 1, "--epochs", std::to_string(config.epochs), "a number >= 1");
  require(config.max_steps >= 0, "--max-steps", std::to_string(config.max_steps), "a number >= 0 (0: no limit)");
  require(config.epochs <= kMostEpochs && config.max_steps <= kMostEpochs, "--epochs", std::to_string(config.epochs),
          "at most 1e12");
  const auto finite_not_negative = [](double value) { return value >= 0.0 && std::isfinite(value); };
  require(finite_not_negative(config.max_seconds), "--max-time", data::number_text(config.max_seconds),
          "seconds >= 0 (0: no limit)");
  require(finite_not_negative(config.tolerance), "--tol", data::number_text(config.tolerance), "a number >= 0");
  require(config.patience >= 0, "--patience", std::to_string(config.patience),
          "a number of epochs >= 0 (0: never stop early)");
  require(config.guard.factor > 0.0 && config.guard.factor < 1.0, "--guard-factor",
          data::number_text(config.guard.factor), "a number > 0 and < 1");
  require(config.guard.retries >= 0, "--guard-retries", std::to_string(config.guard.retries), "a number >= 0");
}

}  // namespace slalom
