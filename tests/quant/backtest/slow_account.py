"""A slow engine to compare with, written from the rules and not from the kernel."""

import math


class SlowAccount:
    """A slow, clear engine: dicts and plain numbers, one event after the other; written from the rules alone."""

    def __init__(self, prices, weights, spec):
        self.prices = prices
        self.decisions = {key: row["target_weight"] for key, row in weights.to_dict("index").items()}
        self.spec = spec
        self.cash = spec.initial_cash
        self.shares = dict.fromkeys(prices, 0.0)
        self.last = {}
        self.wish = dict.fromkeys(prices, 0.0)
        self.orders = {}
        self.fills = []
        self.curve = {}
        self.ruined_at = None
        self.entry, self.best, self.waits, self.why = {}, {}, {}, {}
        self.lying, self.bounds = {}, {}

    def price_of_fill(self, open_, shares, volume):
        liquidity = self.spec.liquidity
        slippage = (self.spec.costs.slippage_bps + liquidity.half_spread_bps) / 10_000
        if liquidity.impact_bps and shares:
            share = abs(shares) / volume
            slippage += (
                liquidity.impact_bps / 10_000 * (share**0.5 if liquidity.impact_shape == "square_root" else share)
            )
        slippage = min(slippage, 0.99)
        return open_ + open_ * slippage if shares > 0 else open_ - open_ * slippage

    def limited(self, i, target):
        """Return the shares to hold when the bar fills no more than its room."""
        change = target - self.shares[i]
        room = self.room[i]
        if abs(change) <= room:
            return target
        room = math.floor(room) if self.spec.whole_shares else room
        return self.shares[i] + math.copysign(room, change)

    def earn_interest(self, nights):
        interest = self.spec.interest
        short = sum(-shares * self.last[i] for i, shares in self.shares.items() if shares < 0)
        rate = interest.debt_annual * self.cash if self.cash < 0 else interest.cash_annual * max(self.cash - short, 0)
        self.cash += rate * nights / 365

    def commission_of(self, shares, price):
        costs = self.spec.costs
        if shares == 0:
            return 0.0
        by_size = abs(shares) * price * costs.commission_bps / 10_000 + abs(shares) * costs.commission_per_share
        return max(by_size, costs.commission_minimum)

    def equity(self):
        return self.cash + sum(self.shares[i] * self.last[i] for i in self.shares if self.shares[i])

    def run(self):
        start = min(timestamp for timestamp, _ in self.decisions)
        clock = sorted({t for frame in self.prices.values() for t in frame.index if t >= start})
        before = clock[0]
        for now in clock:
            bars = {i: frame.loc[now] for i, frame in self.prices.items() if now in frame.index}
            nights = (now.normalize() - before.normalize()).days
            self.earn_interest(nights)
            share = self.spec.liquidity.max_volume_share or math.inf
            self.room = {i: share * bar["volume"] if bar["volume"] else 0.0 for i, bar in bars.items()}
            if not self.spec.liquidity.looks_at_volume:
                self.room = dict.fromkeys(bars, math.inf)
            for i, shares in self.shares.items():
                if shares < 0:
                    self.cash -= -shares * self.last[i] * self.spec.costs.borrow_annual * nights / 365
            self.take_actions(bars)
            self.settle(now, clock)
            self.leave_at_the_open(before, bars)
            self.trade(now, bars)
            self.leave_within(now, before, bars, dict.fromkeys(bars))
            self.leave_within(now, before, bars, self.enter(now, bars))
            self.last.update({i: bar["close"] for i, bar in bars.items()})
            self.curve[now] = self.equity()
            self.decide(now)
            before = now
        return self

    def settle(self, now, clock):
        after = self.spec.delisting.after_bars
        for i, frame in self.prices.items():
            own = [t for t in frame.index if t in clock]
            if not own or len(clock) - 1 - clock.index(own[-1]) < after:
                continue
            if clock.index(now) == clock.index(own[-1]) + after:
                self.orders.pop(i, None)
                self.lying.pop(i, None)
                self.wish[i] = 0.0
                if held := self.shares[i]:
                    price = self.last[i] * (1 + self.spec.delisting.assumed_return)
                    self.cash += held * price
                    self.fills.append((now, own[-1], i, -held, price, "delisted"))
                    self.shares[i] = 0.0

    def take_actions(self, bars):
        for i, bar in bars.items():
            self.shares[i] *= bar["split_factor"]
            self.entry[i] = self.entry.get(i, 0.0) / bar["split_factor"]
            self.best[i] = self.best.get(i, 0.0) / bar["split_factor"]
            if i in self.orders and bar["split_factor"] != 1:
                decided_at, target = self.orders[i]
                target *= bar["split_factor"]
                self.orders[i] = decided_at, math.trunc(target) if self.spec.whole_shares else target
            if i in self.lying and bar["split_factor"] != 1:
                order = self.lying[i]
                order["target"] *= bar["split_factor"]
                if self.spec.whole_shares:
                    order["target"] = math.trunc(order["target"])
                for level in ("stop", "limit"):
                    order[level] = order[level] and order[level] / bar["split_factor"]
                if order["target"] == 0:
                    del self.lying[i]
            self.cash += self.shares[i] * bar["dividend"]

    def reached(self, order, bar):
        """Return where in its bar an order that lies is filled, and at which price; a stop that is reached lives."""
        side = 1 if order["target"] > 0 else -1
        low, high = (bar["low"], bar["high"]) if side > 0 else (bar["high"], bar["low"])
        price, where = bar["open"], "open"
        if order["stop"] is not None:
            if side * high < side * order["stop"]:
                return None, None
            if side * bar["open"] < side * order["stop"]:
                price, where = order["stop"], "stop"
                low = low if self.spec.touched_limits == "filled" else bar["close"]
            order["stop"] = None
        if order["limit"] is not None and not self.is_beyond(-side * price, -side * order["limit"]):
            is_filled = self.is_beyond(-side * low, -side * order["limit"])
            return ("limit", order["limit"]) if is_filled else (None, None)
        return where, price

    def is_beyond(self, price, limit):
        return price >= limit if self.spec.touched_limits == "filled" else price > limit

    def enter(self, now, bars):
        entered, due, prices = {}, {}, {}
        for i in sorted(self.lying.keys() & bars.keys()):
            order = self.lying[i]
            is_stop = order["limit"] is None
            where, price = self.reached(order, bars[i])
            if where and self.shares[i] * order["target"] >= 0:
                entered[i], prices[i] = where, (price, order["limit"])
                due[i] = order["since"], self.limited(i, order["target"])
                self.why[i] = "stop_entry" if is_stop else "limit_entry"
                if is_stop and due[i][1] != order["target"] and self.spec.liquidity.unfilled == "waits":
                    self.orders[i] = order["since"], order["target"]
                if is_stop or due[i][1] == order["target"]:
                    del self.lying[i]
            order["left"] -= 1
            if order["left"] == 0:
                self.lying.pop(i, None)
        self.fill(now, bars, due, prices)
        for i in due.keys() - self.orders.keys():
            self.why.pop(i, None)
        return entered

    def place(self, now, i):
        """Let an order lie in place of one at the market, as far as it opens or enlarges a position."""
        held, target = self.shares[i], self.orders[i][1] if i in self.orders else None
        if target is None or (held * target >= 0 and abs(target) <= abs(held)):
            self.lying.pop(i, None)
            return
        side = 1 if target > 0 else -1
        if held * side < 0:
            self.orders[i] = now, 0.0
        else:
            del self.orders[i]
        if i in self.lying and self.lying[i]["target"] * side > 0:
            self.lying[i]["target"] = min(target, self.lying[i]["target"], key=abs)
            return
        entry, close = self.spec.entry, self.last[i]
        stop = close * (1 + side * entry.distance) if "stop" in entry.order else None
        limit = close * (1 - side * entry.distance) if entry.order == "limit" else None
        if entry.order == "stop_limit":
            limit = stop * (1 + side * entry.limit_distance)
        self.lying[i] = {"target": target, "stop": stop, "limit": limit, "since": now, "left": entry.valid_bars}

    def levels(self, i):
        exits, side = self.spec.exits, 1 if self.shares[i] > 0 else -1
        stops = []
        if exits.stop_loss is not None:
            stops.append((self.entry[i] * (1 - side * exits.stop_loss), "stop_loss"))
        if exits.trailing_stop is not None:
            stops.append((self.best[i] * (1 - side * exits.trailing_stop), "trailing_stop"))
        stop = max(stops, key=lambda each: side * each[0], default=(-side * math.inf, ""))
        gain = math.inf if exits.take_profit is None else exits.take_profit
        return side, stop, self.entry[i] * (1 + side * gain)

    def leave_at_the_open(self, before, bars):
        for i, bar in bars.items():
            if not self.shares[i] or (i in self.orders and self.orders[i][1] * self.shares[i] <= 0):
                continue
            side, (stop, kind), target = self.levels(i)
            is_stopped = side * bar["open"] <= side * stop
            if is_stopped or self.is_beyond(side * bar["open"], side * target):
                self.why[i] = kind if is_stopped else "take_profit"
                self.bounds[i] = target
                self.orders[i] = (before, 0.0)
                self.lying.pop(i, None)
                self.waits[i], self.wish[i] = side, 0.0

    def leave_within(self, now, before, bars, entered):
        for i, bar in sorted((i, bars[i]) for i in entered):
            if not self.shares[i] or (i in self.orders and self.orders[i][1] * self.shares[i] <= 0):
                continue
            side, (stop, kind), target = self.levels(i)
            low, high = (bar["low"], bar["high"]) if side > 0 else (bar["high"], bar["low"])
            is_stopped, is_reached = side * low <= side * stop, self.is_beyond(side * high, side * target)
            open_, surely_best = bar["open"], high
            first = self.spec.exits.intrabar
            if entered[i] == "limit":
                is_reached = is_reached and (first == "target_first" or side * bar["close"] >= side * target)
                open_, surely_best = self.references[i][0], bar["close"]
            elif entered[i] == "stop":
                is_stopped = is_stopped and (first == "stop_first" or side * bar["close"] <= side * stop)
                open_ = self.references[i][0]
            if is_stopped and (first == "stop_first" or not is_reached):
                level = stop if side * open_ > side * stop else open_
                left = self.limited(i, 0.0)
                price = self.price_of_fill(level, left - self.shares[i], bar["volume"])
                if left and self.spec.liquidity.unfilled == "waits":
                    self.orders[i], self.why[i] = (now, 0.0), kind
            elif is_reached:
                price, kind = (target if side * open_ < side * target else open_), "take_profit"
                left = self.limited(i, 0.0)
            else:
                self.best[i] = side * max(side * self.best[i], side * surely_best)
                continue
            self.take_back_beyond(i, left)
            if sold := self.shares[i] - left:
                self.cash += sold * price - self.commission_of(sold, price)
                self.fills.append((now, before, i, -sold, price, kind))
                self.room[i] -= abs(sold)
            self.shares[i], self.waits[i], self.wish[i] = left, side, 0.0
            self.lying.pop(i, None)

    def take_back_beyond(self, i, left):
        if i in self.orders and abs(self.orders[i][1]) > abs(left):
            del self.orders[i]
            self.why.pop(i, None)

    def trade(self, now, bars):
        asked = {i: self.orders.pop(i) for i in sorted(self.orders) if i in bars}
        due = {i: (order[0], self.limited(i, order[1])) for i, order in asked.items()}
        kinds = {i: self.why.get(i) for i in due}
        bounds = {i: self.bounds[i] if kinds[i] == "take_profit" else None for i in due}
        self.fill(now, bars, due, {i: (bars[i]["open"], bounds[i]) for i in due})
        for i, order in asked.items():
            lies_on = kinds[i] == "take_profit"
            if self.spec.liquidity.unfilled == "waits" and due[i][1] != order[1] and not lies_on:
                self.orders[i] = order
            else:
                self.why.pop(i, None)

    def fill(self, now, bars, due, prices):
        self.references = prices
        buys = {i: order for i, order in due.items() if order[1] > self.shares[i] and order[1] > 0}
        for i in due.keys() - buys.keys():
            self.cash += self.proceeds(now, bars, i, due[i], due[i][1], book=True)
        part = 1.0
        if sum(max(wish, 0) for wish in self.wish.values()) <= 1 + 1e-9:
            part = self.affordable(now, bars, buys)
        for i, order in buys.items():
            self.cash += self.proceeds(now, bars, i, order, self.cut(i, order[1], part), book=True)

    def cut(self, i, target, part):
        if part == 1.0:
            return target
        owned = max(self.shares[i], 0.0)
        bought = (target - owned) * part
        return owned + (math.floor(bought) if self.spec.whole_shares else bought)

    def affordable(self, now, bars, buys):
        def left(part):
            return self.cash + sum(
                self.proceeds(now, bars, i, order, self.cut(i, order[1], part)) for i, order in buys.items()
            )

        if left(1.0) >= 0:
            return 1.0
        low, high = 0.0, 1.0
        while high - low > 1e-15:
            middle = (low + high) / 2
            low, high = (middle, high) if left(middle) >= 0 else (low, middle)
        return low if low >= 1e-9 else 0.0

    def proceeds(self, now, bars, i, order, target, *, book=False):
        shares = target - self.shares[i]
        reference, limit = self.references[i]
        price = self.price_of_fill(reference, shares, bars[i]["volume"])
        if limit is not None:
            price = min(price, limit) if shares > 0 else max(price, limit)
        if book and shares:
            self.room[i] -= abs(shares)
            self.fills.append((now, order[0], i, shares, price, self.why.get(i, "signal")))
            held = self.shares[i]
            if held * target <= 0:
                self.entry[i] = self.best[i] = price
            elif abs(target) > abs(held):
                self.entry[i] = (self.entry[i] * held + price * shares) / target
            self.shares[i] = target
        return -shares * price - self.commission_of(shares, price)

    def part_within_limit(self, now):
        limit, equity = self.spec.margin.max_leverage, self.curve[now]
        kept = decided = 0.0
        for i in self.shares:
            weight = self.decisions.get((now, i))
            if weight is None or self.waits.get(i, 0) * weight > 0:
                planned = [self.shares[i]]
                planned += [self.orders[i][1]] if i in self.orders else []
                planned += [self.lying[i]["target"]] if i in self.lying else []
                kept += max(map(abs, planned)) * self.last.get(i, 0.0) / equity
            else:
                decided += abs(weight)
        if limit is None or decided == 0 or kept + decided <= limit * (1 + 1e-9):
            return 1.0
        return max(limit - kept, 0.0) / decided

    def call_margin(self, now):
        gross = sum(abs(shares) * self.last[i] for i, shares in self.shares.items() if shares)
        maintenance, equity = self.spec.margin.maintenance, self.curve[now]
        if maintenance is None or equity >= maintenance * gross:
            return
        self.lying = {}
        for i, held in self.shares.items():
            left = held * equity / (maintenance * gross)
            left = math.trunc(left) if self.spec.whole_shares else left
            order = self.orders.pop(i, (now, math.inf * (held or 1)))
            if held and order[1] * held >= 0 and abs(order[1]) <= abs(left):
                self.orders[i] = order
            elif held:
                self.orders[i], self.why[i] = (now, left), "margin_call"

    def decide(self, now):
        equity = self.curve[now]
        if self.ruined_at is None and equity <= 0:
            self.ruined_at = now
        if self.ruined_at is not None:
            self.lying = {}
            self.orders = {i: self.orders.get(i, (now, 0.0)) for i in self.shares if self.shares[i] != 0}
            self.orders = {i: (order if order[1] == 0 else (now, 0.0)) for i, order in self.orders.items()}
            return
        part = self.part_within_limit(now)
        for i in self.shares:
            if (now, i) not in self.decisions:
                continue
            self.wish[i] = weight = self.decisions[now, i]
            if self.waits.get(i, 0) * weight > 0:
                self.wish[i] = 0.0
                continue
            self.waits[i] = 0
            self.wish[i] = weight = weight * part
            self.orders.pop(i, None)
            self.why.pop(i, None)
            target = weight * equity / self.last[i]
            target = math.trunc(target) if self.spec.whole_shares else target
            same_side = (target > 0) == (self.shares[i] > 0) and (target < 0) == (self.shares[i] < 0)
            near = abs(weight - self.shares[i] * self.last[i] / equity) <= self.spec.rebalance_threshold
            is_rounding = abs(target - self.shares[i]) <= 1e-9 * abs(self.shares[i])
            if not is_rounding and not (same_side and near):
                self.orders[i] = now, target
            if self.spec.entry.is_used:
                self.place(now, i)
        self.call_margin(now)
