#pragma once

/// The mails of one actor: many threads put in, one takes out, in the order in which they were put
/// in. Without locks, and 16 bytes when empty.
///
/// It also knows whether its reader is at work: exactly one of those who put in is told to wake it.

#include <atomic>
#include <utility>

#include "runtime/delivery.h"

namespace perdure::runtime {

class mailbox {
public:
  mailbox() : newest_(idle()) {}
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;
  ~mailbox() { close(); }

  /// Puts a mail in. Any thread. Returns whether the reader sleeps and is to be woken by the
  /// caller. After `close` the mail is dropped.
  bool put(mail_ptr what) {
    auto* added = what.get();
    auto* before = newest_.load(std::memory_order_relaxed);
    do {
      if (before == closed()) return false;
      added->next = before == idle() ? nullptr : before;
    } while (!newest_.compare_exchange_weak(before, added, std::memory_order_acq_rel,
                                            std::memory_order_relaxed));
    (void)what.release();
    return before == idle();
  }

  /// Takes out the oldest; null: there is none, and the reader sleeps from here on. Reader only.
  mail_ptr get() {
    while (!oldest_) {
      mail* none = nullptr;
      if (newest_.compare_exchange_strong(none, idle(), std::memory_order_acq_rel)) return nullptr;
      if (none == idle() || none == closed()) return nullptr;
      // Newest first, as they were put in: turned around.
      for (auto* each = newest_.exchange(nullptr, std::memory_order_acq_rel); each;) {
        auto* older = std::exchange(each->next, oldest_);
        oldest_ = std::exchange(each, older);
      }
    }
    return mail_ptr(std::exchange(oldest_, oldest_->next));
  }

  /// Drops all mails, those that come later too. Reader only.
  void close() {
    auto* each = newest_.exchange(closed(), std::memory_order_acq_rel);
    if (each != idle() && each != closed()) drop(each);
    drop(std::exchange(oldest_, nullptr));
  }

private:
  static mail* idle() { return mark(0); }
  static mail* closed() { return mark(1); }
  /// Stands for a state, and is no mail: an address that no mail can have.
  static mail* mark(int which) {
    alignas(mail) static char places[2];
    return reinterpret_cast<mail*>(&places[which]);
  }
  static void drop(mail* first) {
    while (first) mail_ptr(std::exchange(first, first->next)).reset();
  }

  std::atomic<mail*> newest_;
  mail* oldest_ = nullptr;  ///< The reader's: taken out of the above, in order.
};

}  // namespace perdure::runtime
