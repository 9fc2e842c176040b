#include "gateway/history_stream.h"

#include <atomic>

#include "gateway/history_view.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t events_at_once = 256;
constexpr std::size_t bytes_at_once = 1024 * 1024;

/// One client that follows one entity. On the loop's thread, but for `news`.
class follower : public std::enable_shared_from_this<follower> {
public:
  follower(service& s, target_entity target, event_number from)
      : service_(s),
        entity_(target.id),
        view_(std::make_shared<history_view>(s.engine, *target.type, *s.activities, target.id)),
        next_(from) {}

  /// Begins to listen for changes. Before the first read, so that none is missed.
  void watch() {
    auto news = std::make_shared<std::atomic<bool>>(false);
    news_ = news;
    watching_ = service_.engine.watch(
        entity_, [news, loop = service_.loop, me = weak_from_this()](event_number) {
          if (news->exchange(true)) return;  // The loop has been told and has not looked yet.
          loop->post([me] {
            if (auto follower = me.lock()) follower->wake();
          });
        });
  }

  kj::Promise<result<shown_history>> read() {
    news_->store(false);
    auto work = [view = view_, from = next_]() -> result<shown_history> {
      return view->read({.from = from, .events_max = events_at_once, .bytes_max = bytes_at_once});
    };
    return service_.read<shown_history>(std::move(work));
  }

  /// Writes what was read, then what comes, until the stream ends.
  kj::Promise<void> write(kj::AsyncOutputStream& out, result<shown_history> read_now) {
    if (!read_now) return kj::READY_NOW;  // The client comes back and is told then.
    auto& page = *read_now;
    auto text = std::make_unique<std::string>();
    for (auto& event : page.events) append_event(*text, event);
    if (!page.events.empty()) next_ = page.events.back().number + 1;
    auto written = text->empty() ? kj::Promise<void>(kj::READY_NOW) : send(out, std::move(text));
    if (page.ended) return written;
    return written.then([this, &out, more = page.next.has_value()]() -> kj::Promise<void> {
      if (more) return go_on(out);
      return wait(out);
    });
  }

private:
  static void append_event(std::string& text, const shown_event& event) {
    text += "id: " + std::to_string(event.number) + "\nevent: ";
    text += event.kind;
    text += "\ndata: " + event.json + "\n\n";
  }

  static kj::Promise<void> send(kj::AsyncOutputStream& out, std::unique_ptr<std::string> text) {
    auto sent = out.write(text->data(), text->size());
    return sent.then([text = std::move(text)] {});
  }

  kj::Promise<void> go_on(kj::AsyncOutputStream& out) {
    return read().then(
        [this, &out](result<shown_history> page) { return write(out, std::move(page)); });
  }

  enum class woken { by_news, by_silence, by_drain };

  kj::Promise<void> wait(kj::AsyncOutputStream& out) {
    if (news_->load()) return go_on(out);
    auto pair = kj::newPromiseAndFulfiller<woken>();
    waker_ = kj::mv(pair.fulfiller);
    auto silence =
        service_.timer.afterDelay(service_.options.heartbeat.count() * kj::MILLISECONDS).then([] {
          return woken::by_silence;
        });
    auto drained = service_.drained.addBranch().then([] { return woken::by_drain; });
    return pair.promise.exclusiveJoin(kj::mv(silence))
        .exclusiveJoin(kj::mv(drained))
        .then([this, &out](woken why) -> kj::Promise<void> {
          if (why == woken::by_drain) return kj::READY_NOW;
          if (why == woken::by_news) return go_on(out);
          return send(out, std::make_unique<std::string>(":\n\n")).then([this, &out] {
            return wait(out);
          });
        });
  }

  void wake() {
    if (waker_.get() != nullptr) waker_->fulfill(woken::by_news);
  }

  service& service_;
  entity_id entity_;
  std::shared_ptr<history_view> view_;  ///< Used by one read at a time.
  event_number next_;
  std::shared_ptr<std::atomic<bool>> news_;
  kj::Own<kj::PromiseFulfiller<woken>> waker_;
  runtime::subscription watching_;
};

}  // namespace

kj::Promise<reply> stream_history(service& s, target_entity target, event_number from) {
  auto follower_of_it = std::make_shared<follower>(s, std::move(target), from);
  follower_of_it->watch();
  auto first = follower_of_it->read();
  return first.then([client =
                         std::move(follower_of_it)](result<shown_history> page) mutable -> reply {
    if (!page) return refuse(problem(std::move(page).error()));
    if (page->events.empty() && page->ended) return reply{.status = 204};
    auto first_page = std::make_shared<result<shown_history>>(std::move(page));
    reply stream{.content_type = "text/event-stream", .headers = {{"Cache-Control", "no-store"}}};
    stream.stream = [client = std::move(client), first_page](kj::AsyncOutputStream& out) {
      return client->write(out, std::move(*first_page));
    };
    return stream;
  });
}

}  // namespace perdure::gateway
