//! The demo for a person: colour where it is a terminal, plain text where it is not.

use anstream::println;
use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::{Delivered, Report, Shown, setup::Setup};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const CALM: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

pub(super) fn print(setup: &Setup, report: &Report) {
    println!(
        "{BOLD}salesforce-transformer{BOLD:#}  RudderStack events in, Salesforce requests out"
    );
    println!(
        "{DIM}Salesforce, simulated: http://{}   the service: http://{}{DIM:#}\n",
        setup.salesforce, setup.service
    );
    println!(
        "{BOLD}One batch of {} events, posted to /transform{BOLD:#}\n",
        report.steps.len()
    );
    for (number, shown) in (1..).zip(&report.steps) {
        event(number, shown, setup);
    }
    println!("{BOLD}The records in Salesforce now{BOLD:#}");
    for (object, records) in &report.records {
        for record in records {
            println!("  {object:<11} {}", record_line(record));
        }
    }
    calls(report);
    for check in &report.checks {
        let (style, mark) = if check.holds {
            (GOOD, "ok  ")
        } else {
            (BAD, "FAIL")
        };
        println!("  {style}{mark}{style:#} {}", check.what);
    }
    println!();
}

fn event(number: usize, shown: &Shown, setup: &Setup) {
    println!("{BOLD}{number}  {}{BOLD:#}", shown.step.title);
    for answer in shown
        .answers
        .iter()
        .filter(|answer| answer["error"].is_string())
    {
        let style = if answer["statusCode"] == 298 {
            CALM
        } else {
            BAD
        };
        let word = if answer["statusCode"] == 298 {
            "filtered"
        } else {
            "refused"
        };
        println!(
            "   {style}{} {word}{style:#}  {}",
            answer["statusCode"],
            answer["error"].as_str().unwrap_or_default()
        );
    }
    for delivered in &shown.delivered {
        request(delivered, setup);
    }
    for note in shown
        .answers
        .iter()
        .filter_map(|answer| answer["explanation"].as_array())
        .flatten()
    {
        println!(
            "       {DIM}{}{DIM:#}",
            note["message"].as_str().unwrap_or_default()
        );
    }
    println!();
}

fn request(delivered: &Delivered, setup: &Setup) {
    let path = delivered
        .endpoint
        .trim_start_matches(&format!("http://{}", setup.salesforce));
    let (style, outcome) = match delivered.status {
        201 => (
            GOOD,
            format!(
                "201, created {}",
                delivered.answer["id"].as_str().unwrap_or_default()
            ),
        ),
        204 => (GOOD, "204, updated".to_owned()),
        status => (BAD, format!("{status} {}", delivered.answer)),
    };
    println!("   {GOOD}200{GOOD:#} {} {path}", delivered.method);
    println!("       {}", delivered.body);
    println!("       Salesforce answers {style}{outcome}{style:#}");
}

fn record_line(record: &Value) -> String {
    let shown = [
        "Id",
        "FirstName",
        "LastName",
        "Company",
        "Industry",
        "Email",
        "newProp__c",
        "plan__c",
    ];
    let fields = shown
        .iter()
        .filter_map(|name| Some(format!("{name}={}", record[name].as_str()?)));
    fields.collect::<Vec<_>>().join("  ")
}

fn calls(report: &Report) {
    let (calls, events) = (report.calls, report.steps.len());
    println!(
        "\n{BOLD}Salesforce API calls: {}{BOLD:#}",
        calls.total_api()
    );
    println!(
        "  {} query for the e-mails of the whole batch, {} creates, {} updates, for {events} events",
        calls.query, calls.create, calls.update
    );
    println!(
        "  {DIM}(and {} login, which does not count against the org's limit){DIM:#}\n",
        calls.token
    );
}

pub(super) fn invite(setup: &Setup) {
    println!("{BOLD}Both keep running until Ctrl-C. Try:{BOLD:#}\n");
    println!(
        "curl -s http://{}/transform -H 'Content-Type: application/json' -d '",
        setup.service
    );
    println!(
        r#"  {{"type":"identify","userId":"you","traits":{{"name":"Grace Hopper","email":"grace@navy.example","company":"Navy"}},"#
    );
    println!(r#"   "integrations":{{"Salesforce":true}}}}'"#);
    if let Some(admin) = setup.admin {
        println!("\n{BOLD}See what became of the events, and why:{BOLD:#}\n");
        println!("http://{admin}/ in a browser");
        println!("curl -s http://{admin}/events");
        println!("cargo run -- tail --url http://{admin}");
    }
    println!("\n{BOLD}Or check what a login may do there:{BOLD:#}\n");
    println!(
        "SALESFORCE_AUTH=client-credentials SALESFORCE_LOGIN_URL=http://{0} SALESFORCE_ALLOWED_HOSTS=http://{0} \\\n  \
         SALESFORCE_CLIENT_ID=consumer-key SALESFORCE_CLIENT_SECRET=consumer-secret cargo run -- check",
        setup.salesforce
    );
    println!();
}
