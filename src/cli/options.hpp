// SPDX-License-Identifier: Apache-2.0
// The groups of flags that commands are made of.
#pragma once

#include <string>

#include <slalom/job.hpp>

namespace CLI {
class App;
}

namespace slalom::cli {

/// --delimiter, --no-header, --format, --targets-file: how files are read.
void add_read_options(CLI::App& app, ReadOptions& read);

/// --target, --drop, --features, --categorical, --missing, --scale ...: from columns to numbers.
void add_preprocess_options(CLI::App& app, PreprocessOptions& preprocess, ReadOptions& read);

/// --model, --hidden, --activation, --loss, --init ...
void add_model_options(CLI::App& app, TrainJob& job);

/// --optimizer, --lr, --momentum ... --l1, --l2, --clip-norm
void add_optimizer_options(CLI::App& app, OptimizerConfig& optimizer);

/// --schedule and its constants.
void add_schedule_options(CLI::App& app, ScheduleConfig& schedule);

/// --batch-size, --seed, --no-shuffle
void add_sampling_options(CLI::App& app, TrainerConfig& trainer);

/// --epochs, --max-steps, --max-time, --tol, --patience
void add_run_options(CLI::App& app, TrainerConfig& trainer);

/// --checkpoint-dir, --checkpoint-every, --checkpoint-keep, --resume
void add_checkpoint_options(CLI::App& app, CheckpointOptions& options);
/// --no-guard, --guard-factor, --guard-retries
void add_guard_options(CLI::App& app, GuardConfig& guard);

/// A model to go on from.
struct ContinueOptions {
  std::string model;  ///< file; empty: none
  bool refit_scaling = false;
};

/// --init-from, --refit-scaling. --target, which has to be there already, need not be given any more.
void add_continue_options(CLI::App& app, ContinueOptions& options);

/// Makes the job go on from the model, if there is one. `command` knows which flags were given. Throws UsageError for
/// those that contradict the model.
void continue_from(TrainJob& job, const ContinueOptions& options, const CLI::App& command);

/// --data, --valid, --valid-fraction
void add_data_options(CLI::App& app, TrainJob& job);

/// What the commands that apply a model have in common.
struct ScoringOptions {
  std::string model, data;
  ReadOptions read;
  DeviceKind device = DeviceKind::kAuto;
  int threads = 0;
  Precision precision = Precision::kFp32;
};

/// --model, --data and the flags of reading and of the device. `data_help` says what the file has to hold.
void add_scoring_options(CLI::App& app, ScoringOptions& scoring, const std::string& data_help);

/// --device-memory
void add_device_memory_option(CLI::App& app, std::int64_t& device_memory);

/// Where a command computes, and how.
struct DeviceOptions {
  DeviceKind& device;
  int& threads;
  Precision& precision;
};

/// --device, --threads, --precision
void add_device_options(CLI::App& app, const DeviceOptions& options);

}  // namespace slalom::cli
