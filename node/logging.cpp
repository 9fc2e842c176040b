#include "node/logging.h"

#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "gateway/json_text.h"
#include "gateway/time_text.h"

namespace perdure {

namespace {

/// One JSON object a line; a message's quotes and line ends are escaped.
class json_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& entry, spdlog::memory_buf_t& out) override {
    const auto level = spdlog::level::to_string_view(entry.level);
    gateway::json_writer json;
    json.begin_object();
    json.text("time", gateway::format_time(std::chrono::floor<duration>(entry.time)));
    json.text("level", {level.data(), level.size()});
    json.text("message", {entry.payload.data(), entry.payload.size()});
    json.end_object();
    const auto line = json.take() + '\n';
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }
};

}  // namespace

void configure_logging(const std::string& level, const std::string& format) {
  auto logger = std::make_shared<spdlog::logger>("perdure",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  if (format == "json") {
    logger->set_formatter(std::make_unique<json_formatter>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace perdure
