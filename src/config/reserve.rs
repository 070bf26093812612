//! The setting `API_RESERVE`: the part of an org's daily calls that is reserved for its other systems.

use std::str::FromStr;

/// The number of daily calls to reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserve {
    /// None. No call is held back, and Salesforce itself refuses calls beyond the limit.
    Off,
    /// A share of the allowed calls, in per cent.
    Percent(u8),
    /// A number of calls.
    Calls(u64),
}

impl Reserve {
    /// The number of calls to reserve if `allowed` are allowed; `None` if no call is to be held back.
    #[must_use]
    pub fn of(self, allowed: u64) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::Percent(percent) => {
                let kept = u128::from(allowed) * u128::from(percent) / 100;
                Some(u64::try_from(kept).unwrap_or(allowed))
            }
            Self::Calls(calls) => Some(calls.min(allowed)),
        }
    }
}

impl FromStr for Reserve {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRITTEN: &str = "write it as a share below 100% of the day's calls (10%) or as a number of calls (5000); 0 keeps none";
        let text = text.trim();
        let reserve = match text.strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim_end().parse().map_err(|_| WRITTEN)?;
                Self::Percent(percent)
            }
            None => Self::Calls(text.parse().map_err(|_| WRITTEN)?),
        };
        match reserve {
            Self::Percent(0) | Self::Calls(0) => Ok(Self::Off),
            // With 100 %, nothing would ever be sent.
            Self::Percent(100..) => Err(WRITTEN),
            reserve @ (Self::Off | Self::Percent(_) | Self::Calls(_)) => Ok(reserve),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_a_share_or_a_number_of_calls() {
        for (text, kept) in [
            ("10%", Some(1_500)),
            (" 99 % ", Some(14_850)),
            ("5000", Some(5_000)),
            ("20000", Some(15_000)),
            ("0", None),
            ("0%", None),
        ] {
            assert_eq!(text.parse::<Reserve>().unwrap().of(15_000), kept, "{text}");
        }
    }

    #[test]
    fn the_largest_limit_has_a_share_too() {
        assert_eq!(Reserve::Percent(50).of(u64::MAX), Some(u64::MAX / 2));
        assert_eq!(Reserve::Percent(10).of(5), Some(0));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "%", "100%", "300%", "-1", "10 percent", "0.1"] {
            assert!(text.parse::<Reserve>().is_err(), "{text}");
        }
    }
}
