"""Documents that belong together though their references do not meet: by rules, pass by pass, and by two people."""
