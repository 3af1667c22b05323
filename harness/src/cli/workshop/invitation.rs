//! How phones find the room: at which address of this machine, and the QR code of it, drawn as SVG.
//!
//! Beside it: `room.rs`.

use std::fmt::Write;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use qrcode::{Color, EcLevel, QrCode};

use crate::cli::output::usage;
use crate::plan::PlanError;

/// Where phones find the room.
#[derive(Debug)]
pub(super) struct Invitation {
    pub(super) address: String,
    /// The address as SVG; absent where it is too long for a code.
    pub(super) qr: Option<String>,
}

impl Invitation {
    pub(super) fn to(address: String) -> Invitation {
        Invitation { qr: qr(&address), address }
    }
}

/// Empty modules around a code, without which cameras don't find it.
const QUIET: usize = 4;

/// Black on white in either theme: cameras want it so.
fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let mut dark = String::new();
    for (place, _) in modules.iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
        let _ = write!(dark, "M{} {}h1v1h-1z", QUIET + place % width, QUIET + place / width);
    }
    let all = width + 2 * QUIET;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all} {all}\" role=\"img\" aria-label=\"QR code of the \
         address\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{all}v{all}h-{all}z\"/><path fill=\"#000\" \
         d=\"{dark}\"/></svg>"
    ))
}

/// The address that phones are to be served at: what was typed, or this machine's own on the way to others; loopback where
/// others are not allowed.
///
/// # Errors
/// Where others could reach it and are not allowed, or where there is no address for them.
pub(super) fn address(typed: Option<IpAddr>, allow_remote: bool) -> Result<IpAddr, PlanError> {
    match typed {
        Some(address) if address.is_unspecified() => usage(format!(
            "phones can't be sent to {address}; give --room-address the address that this machine has in the room's network"
        )),
        Some(address) if !address.is_loopback() && !allow_remote => usage(format!(
            "{address} can be reached from other machines; give --allow-remote where that is wanted, or leave out \
             --room-address to try the room on this machine"
        )),
        Some(address) => Ok(address),
        None if !allow_remote => Ok(Ipv4Addr::LOCALHOST.into()),
        None => match outward() {
            Ok(address) if !address.is_loopback() => Ok(address),
            _ => usage(
                "this machine has no way to other machines; join the room's network, or give --room-address (ip addr \
                 shows what it has)",
            ),
        },
    }
}

/// The address that this machine would send from. Connecting a datagram socket sends nothing; the other end is an address that
/// is kept for documentation.
fn outward() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(SocketAddr::from(([192, 0, 2, 1], 9)))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_reaches_the_room_without_leave() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let lan = IpAddr::from([192, 168, 1, 7]);
        assert_eq!(address(None, false).unwrap(), here);
        assert_eq!(address(Some(here), true).unwrap(), here);
        assert_eq!(address(Some(lan), true).unwrap(), lan);
        assert!(address(Some(lan), false).unwrap_err().to_string().contains("--allow-remote"));
        let every = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        assert!(address(Some(every), true).unwrap_err().to_string().contains("--room-address"));
    }

    #[test]
    fn the_code_is_a_square_with_room_around_it() {
        let svg = qr("http://192.168.1.7:7980/0123456789abcdef0123456789abcdef/").unwrap();
        let code = QrCode::with_error_correction_level(
            "http://192.168.1.7:7980/0123456789abcdef0123456789abcdef/",
            EcLevel::M,
        );
        let dark = code.unwrap().to_colors().iter().filter(|colour| **colour == Color::Dark).count();
        assert_eq!(svg.matches("h1v1h-1z").count(), dark);
        // The finder pattern in the corner begins where the quiet zone ends.
        assert!(svg.contains("d=\"M4 4h1v1h-1z") && !svg.contains("M3 "), "{svg}");
        assert_eq!(qr(&"x".repeat(10_000)), None);
    }
}
