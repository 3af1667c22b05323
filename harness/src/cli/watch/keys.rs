//! What a key does: pure functions of the key and of what is asked for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::live::{Limits, LiveLoad, SessionCommand};

/// What is to be done after a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// The load changes.
    Tell(SessionCommand),
    /// A recording begins or ends.
    Record,
    /// What is played back is played otherwise.
    Play(PlaybackStep),
    /// The signs are explained, or no longer.
    Explain,
    /// The view ends.
    Quit,
    /// The view ends as after a signal.
    Interrupt,
}

/// What can be done to what is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaybackStep {
    PauseOrGoOn,
    Faster,
    Slower,
    /// Five seconds further.
    Forward,
    /// Five seconds back.
    Back,
}

/// Connections that a key steps through.
const CONNECTIONS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 2_000];

/// Requests per second that a key steps through.
const RATES: &[f64] = &[10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// Kinds of work that a key steps through.
pub(super) const WORKS: &[&str] = &["echo hi", "call 5ms", "spin 200us"];

/// The keys of a live view, those first that matter most where not all can be shown.
pub(super) const LIVE: &[&str] =
    &["q quit", "+ - rate", "] [ connections", "w work", "f flood", "space pause", "r record", "? signs"];

/// The keys of a view that is played back.
pub(super) const PLAYED: &[&str] = &["q quit", "space pause", "+ - speed", "< > 5 s", "? signs"];

/// What a key does in a live view.
pub(super) fn live(key: KeyEvent, asked: &LiveLoad, limits: &Limits) -> Option<Action> {
    if let Some(action) = anywhere(key) {
        return Some(action);
    }
    let command = match key.code {
        KeyCode::Char('+' | '=') | KeyCode::Up => {
            SessionCommand::Rate(above(RATES, asked.rate_rps?).min(limits.rate_rps))
        }
        KeyCode::Char('-' | '_') | KeyCode::Down => SessionCommand::Rate(below(RATES, asked.rate_rps?)),
        KeyCode::Char(']') | KeyCode::Right => {
            SessionCommand::Connections(above(CONNECTIONS, asked.connections).min(limits.connections))
        }
        KeyCode::Char('[') | KeyCode::Left => SessionCommand::Connections(below(CONNECTIONS, asked.connections)),
        KeyCode::Char('w') => SessionCommand::Work(next_work(&asked.work)),
        KeyCode::Char('f') => SessionCommand::Flood(if asked.flood == 0 { limits.flood } else { 0 }),
        KeyCode::Char(' ' | 'p') if asked.is_paused => SessionCommand::GoOn,
        KeyCode::Char(' ' | 'p') => SessionCommand::Pause,
        KeyCode::Char('r') => return Some(Action::Record),
        _ => return None,
    };
    Some(Action::Tell(command))
}

/// What a key does in a view that is played back.
pub(super) fn played(key: KeyEvent) -> Option<Action> {
    let step = match key.code {
        KeyCode::Char(' ' | 'p') => PlaybackStep::PauseOrGoOn,
        KeyCode::Char('+' | '=') | KeyCode::Up => PlaybackStep::Faster,
        KeyCode::Char('-' | '_') | KeyCode::Down => PlaybackStep::Slower,
        KeyCode::Char('>' | '.') | KeyCode::Right => PlaybackStep::Forward,
        KeyCode::Char('<' | ',') | KeyCode::Left => PlaybackStep::Back,
        _ => return anywhere(key),
    };
    Some(Action::Play(step))
}

fn anywhere(key: KeyEvent) -> Option<Action> {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        // In raw mode Ctrl-C is a key like any other.
        KeyCode::Char('c') if is_control => Some(Action::Interrupt),
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Quit),
        KeyCode::Char('?' | 'h') => Some(Action::Explain),
        _ => None,
    }
}

fn above<T: Copy + PartialOrd>(ladder: &[T], now: T) -> T {
    ladder.iter().copied().find(|step| *step > now).unwrap_or(now)
}

fn below<T: Copy + PartialOrd>(ladder: &[T], now: T) -> T {
    ladder.iter().rev().copied().find(|step| *step < now).unwrap_or(now)
}

fn next_work(now: &str) -> String {
    let next = WORKS.iter().position(|work| *work == now).map_or(0, |place| (place + 1) % WORKS.len());
    WORKS[next].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { connections: 300, rate_rps: 1_333.0, flood: 50 };

    fn asked() -> LiveLoad {
        LiveLoad { connections: 64, rate_rps: Some(500.0), work: "call 5ms".to_owned(), flood: 0, is_paused: false }
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn each_key_does_one_thing_within_the_limits() {
        use SessionCommand::{Connections, Flood, GoOn, Pause, Rate, Work};

        let most = LiveLoad { connections: 256, rate_rps: Some(1_000.0), ..asked() };
        let least = LiveLoad { connections: 1, rate_rps: Some(10.0), ..asked() };
        let between = LiveLoad { connections: 100, rate_rps: Some(300.0), ..asked() };
        let paused = LiveLoad { work: "block 1ms".to_owned(), flood: 50, is_paused: true, ..asked() };
        let table = [
            ('+', asked(), Some(Rate(1_000.0))),
            ('-', asked(), Some(Rate(200.0))),
            (']', asked(), Some(Connections(128))),
            ('[', asked(), Some(Connections(32))),
            ('+', most.clone(), Some(Rate(1_333.0))),
            (']', most, Some(Connections(300))),
            ('-', least.clone(), Some(Rate(10.0))),
            ('[', least, Some(Connections(1))),
            ('+', between.clone(), Some(Rate(500.0))),
            ('[', between, Some(Connections(64))),
            ('w', asked(), Some(Work("spin 200us".to_owned()))),
            ('w', paused.clone(), Some(Work("echo hi".to_owned()))),
            ('f', asked(), Some(Flood(50))),
            ('f', paused.clone(), Some(Flood(0))),
            (' ', asked(), Some(Pause)),
            (' ', paused, Some(GoOn)),
            ('x', asked(), None),
            // A closed loop has no rate to change.
            ('+', LiveLoad { rate_rps: None, ..asked() }, None),
        ];
        for (typed, asked, command) in table {
            let found = live(key(KeyCode::Char(typed)), &asked, &LIMITS);
            assert_eq!(found, command.map(Action::Tell), "{typed} with {asked:?}");
        }
        assert_eq!(live(key(KeyCode::Char('r')), &asked(), &LIMITS), Some(Action::Record));
    }

    #[test]
    fn every_way_out_leads_out() {
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for (key, out) in
            [(control_c, Action::Interrupt), (key(KeyCode::Char('q')), Action::Quit), (key(KeyCode::Esc), Action::Quit)]
        {
            assert_eq!(live(key, &asked(), &LIMITS), Some(out.clone()));
            assert_eq!(played(key), Some(out));
        }
        assert_eq!(live(key(KeyCode::Char('c')), &asked(), &LIMITS), None);
    }

    #[test]
    fn what_is_played_can_be_held_sped_up_and_sought_in() {
        let of = |code| played(key(code));
        assert_eq!(of(KeyCode::Char(' ')), Some(Action::Play(PlaybackStep::PauseOrGoOn)));
        assert_eq!(of(KeyCode::Char('+')), Some(Action::Play(PlaybackStep::Faster)));
        assert_eq!(of(KeyCode::Right), Some(Action::Play(PlaybackStep::Forward)));
        assert_eq!((of(KeyCode::Char('r')), of(KeyCode::Char('f'))), (None, None));
    }
}
