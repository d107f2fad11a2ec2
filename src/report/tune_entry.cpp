// SPDX-License-Identifier: Apache-2.0
// Adds the range tests to a tuning's JSON.
#include "report/tune_entry.hpp"

#include "report/json_number.hpp"
#include "report/tune_report.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json tune_entry(const TuneResult& result) {
  Json tests = Json::array();
  for (const RateTest& test : result.rate_tests) {
    Json curve = Json::array();
    for (const RatePoint& point : test.finding.curve) {
      curve.push_back({json_number(point.learning_rate), json_number(point.loss), json_number(point.smoothed)});
    }
    tests.push_back({{"batch_size", test.batch_size == 0 ? Json("all") : Json(test.batch_size)},
                     {"optimizer", name_of(test.optimizer)},
                     {"suggested", json_number(test.finding.suggested)},
                     {"diverged", test.finding.diverged},
                     {"reason", test.finding.reason},
                     {"curve", curve}});
  }
  return {{"event", "result"}, {"tune", Json::parse(tune_json(result))}, {"rate_tests", tests}};
}

}  // namespace slalom::report
