// SPDX-License-Identifier: Apache-2.0
// Jobs that are interrupted again and again and go on from their checkpoints, to be compared with uninterrupted ones.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/job.hpp>

#include "core/philox.hpp"
#include "data/temp_files.hpp"

namespace slalom::testing {

/// y = 3 a - 2 b + noise, and the class "high" where y is above 4.
inline Table resume_table(std::int64_t n) {
  core::PhiloxStream random(5, 0, core::RandomUse::kSynthetic, 2);
  NumericColumn a, b, y;
  CategoricalColumn kind{.codes = {}, .categories = {"low", "high"}};
  for (std::int64_t i = 0; i < n; ++i) {
    a.values.push_back(random.uniform() * 4.0);
    b.values.push_back(random.uniform() * 2.0);
    y.values.push_back(3.0 * a.values.back() - 2.0 * b.values.back() + random.uniform());
    kind.codes.push_back(y.values.back() > 4.0 ? 1 : 0);
  }
  Table table{.columns = {}, .n_rows = n, .source = "made"};
  table.columns.emplace_back("a", std::move(a));
  table.columns.emplace_back("b", std::move(b));
  table.columns.emplace_back("kind", std::move(kind));
  table.columns.emplace_back("y", std::move(y));
  return table;
}

/// 3 epochs of 11 steps, the last of each a short one, unless a case says otherwise.
inline TrainJob resume_job(DeviceKind device) {
  TrainJob job;
  job.preprocess.targets = {"y"};
  job.preprocess.drop = {"kind"};
  job.trainer.epochs = 3;
  job.trainer.batch_size = 5;
  job.trainer.optimizer.learning_rate = 0.02;
  job.trainer.max_seconds = 1e6;  // blocks then begin with one step
  job.device = device;
  job.threads = 1;
  return job;
}
inline constexpr std::int64_t kResumeRows = 64;  ///< of which 51 are trained on

/// A change to resume_job.
struct ResumeCase {
  std::string name;
  std::function<void(TrainJob&)> set;
};

inline std::string resume_case_name(const ::testing::TestParamInfo<ResumeCase>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// Networks with all that has a state of its own.
inline void as_network(TrainJob& job) {
  job.model.kind = ModelKind::kMlp;
  job.model.hidden = {6, 3};
  job.model.batch_norm = true;
  job.model.dropout = 0.3;
}

/// Asks for the end of the run after some blocks of any member.
class Interrupter : public Observer {
 public:
  explicit Interrupter(int blocks) : left_(blocks) {}
  void on_progress(const Progress&) override {
    if (--left_ <= 0) stop = true;
  }
  std::atomic<bool> stop{false};

 private:
  int left_;
};

/// Interrupts after `blocks` blocks and goes on, until the job is done. Returns the last part's result.
inline JobResult run_in_parts(TrainJob job, const Table& table, const std::string& folder, int blocks, int& n_parts) {
  job.checkpoints = {.folder = folder, .keep = 2, .resume = true};
  for (n_parts = 1;; ++n_parts) {
    Interrupter interrupter(blocks);
    Observer* const observers[] = {&interrupter};
    JobResult result = run_job(job, table, nullptr, observers, &interrupter.stop);
    const std::vector<MemberResult>& members = result.training.members;
    const bool done = std::none_of(members.begin(), members.end(), [](const MemberResult& member) {
      return member.reason == StopReason::kInterrupted;
    });
    if (done || n_parts > 500) return result;
  }
}

inline void expect_same_run(const JobResult& found, const JobResult& expected) {
  EXPECT_EQ(found.model.parameters, expected.model.parameters);
  EXPECT_EQ(found.chosen, expected.chosen);
  ASSERT_EQ(found.training.members.size(), expected.training.members.size());
  for (std::size_t m = 0; m < found.training.members.size(); ++m) {
    const MemberResult& a = found.training.members[m];
    const MemberResult& b = expected.training.members[m];
    EXPECT_EQ(a.reason, b.reason);
    EXPECT_EQ(a.epochs, b.epochs);
    if (b.reason != StopReason::kDiverged) {  // whose steps are those of the blocks before, however they are cut
      EXPECT_EQ(a.steps, b.steps);
    }
    EXPECT_EQ(a.best_epoch, b.best_epoch);
    EXPECT_EQ(a.watched_loss, b.watched_loss);
    EXPECT_EQ(a.epoch_losses, b.epoch_losses);
    EXPECT_EQ(a.divergence, b.divergence);
  }
}

/// That the job comes to the same whether it is interrupted after every few blocks or not at all.
inline void expect_resumes_exactly(const TrainJob& job, int blocks) {
  const Table table = resume_table(kResumeRows);
  const JobResult expected = run_job(job, table, nullptr, {});
  const TempFolder folder;
  int n_parts = 0;
  const JobResult found = run_in_parts(job, table, folder.path("checkpoints"), blocks, n_parts);
  EXPECT_GT(n_parts, 1);
  expect_same_run(found, expected);
}

/// One case for every optimiser that carries something from step to step, and for all else that does.
inline std::vector<ResumeCase> resume_cases() {
  std::vector<ResumeCase> cases;
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    cases.push_back({"linear_" + std::string(name), [kind = kind](TrainJob& job) {
                       job.trainer.optimizer.kind = kind;
                       if (kind == OptimizerKind::kAdagrad) job.trainer.optimizer.learning_rate_decay = 0.1;
                       if (kind == OptimizerKind::kFtrl) {  // whose state depends on the last rate
                         job.trainer.schedule.kind = ScheduleKind::kExponential;
                         job.trainer.schedule.factor = 0.5;
                       }
                       if (kind == OptimizerKind::kAveragedSgd) job.trainer.optimizer.average_start = 7;
                     }});
  }
  for (const auto& [kind, name] : EnumNames<ScheduleKind>::kNames) {
    cases.push_back({"schedule_" + std::string(name), [kind = kind](TrainJob& job) {
                       job.trainer.schedule.kind = kind;
                       job.trainer.schedule.warmup_steps = 4;
                       if (kind == ScheduleKind::kMultiStep) job.trainer.schedule.milestones = {9, 20};
                       if (kind == ScheduleKind::kPlateau) {
                         job.trainer.epochs = 8;
                         job.trainer.optimizer.learning_rate = 0.5;
                         job.trainer.schedule.plateau_patience = 1;
                         job.trainer.schedule.plateau_threshold = 0.2;
                         job.trainer.schedule.plateau_cooldown = 1;
                       }
                     }});
  }
  cases.push_back({"network", as_network});
  cases.push_back({"network_nadam_restarts", [](TrainJob& job) {
                     as_network(job);
                     job.trainer.optimizer.kind = OptimizerKind::kNadam;
                     job.restarts = 3;
                   }});
  cases.push_back({"classes", [](TrainJob& job) {
                     job.model.kind = ModelKind::kLogistic;
                     job.preprocess.targets = {"kind"};
                     job.preprocess.drop = {"y"};
                     job.trainer.optimizer.l1 = 0.01;
                   }});
  cases.push_back({"early_stopping", [](TrainJob& job) {
                     as_network(job);
                     job.trainer.epochs = 40;
                     job.trainer.patience = 2;
                     job.trainer.optimizer.learning_rate = 0.1;
                     job.restarts = 2;  // which stop at different epochs
                   }});
  cases.push_back({"max_steps", [](TrainJob& job) { job.trainer.max_steps = 17; }});
  cases.push_back({"all_rows", [](TrainJob& job) {
                     job.trainer.batch_size = 0;
                     job.trainer.epochs = 20;
                   }});
  cases.push_back({"a_member_diverges", [](TrainJob& job) {
                     job.model.kind = ModelKind::kMlp;
                     job.model.hidden = {4};
                     job.model.initialization = Initialization::kNormal;
                     job.model.init_scale = 4.0;
                     job.trainer.optimizer.kind = OptimizerKind::kSgd;
                     job.trainer.optimizer.learning_rate = 0.05;
                     job.trainer.guard.on = false;
                     job.restarts = 6;
                   }});
  cases.push_back({"the_guard_goes_back_to_the_start", [](TrainJob& job) {
                     job.trainer.optimizer.kind = OptimizerKind::kSgd;
                     job.trainer.optimizer.learning_rate = 5.0;
                     job.restarts = 2;
                   }});
  cases.push_back({"the_guard_goes_back_to_a_later_state", [](TrainJob& job) {
                     job.trainer.optimizer.kind = OptimizerKind::kSgd;
                     job.trainer.optimizer.learning_rate = 10.0;
                     job.trainer.schedule.warmup_steps = 3000;  // passes the largest rate that works
                     job.trainer.epochs = 30;
                   }});
  return cases;
}

}  // namespace slalom::testing
