//! Everything that is said, in English, German, Spanish, French, Dutch and Polish.

use domain::language::Language;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $de:literal, $es:literal, $fr:literal, $nl:literal, $pl:literal;)*) => {
        /// Something that is said to those who wait.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Word {
            $($(#[$doc])* #[doc = $en] $name,)*
        }

        impl Word {
            /// Everything that is said.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word in a language.
            pub fn of(self, language: Language) -> &'static str {
                let texts: [&'static str; Language::ALL.len()] = match self {
                    $(Self::$name => [$en, $de, $es, $fr, $nl, $pl],)*
                };
                texts[language as usize]
            }
        }
    };
}

words! {
    ParcelTracking:
        "Parcel tracking",
        "Sendungsverfolgung",
        "Seguimiento del paquete",
        "Suivi du colis",
        "Pakket volgen",
        "Śledzenie przesyłki";
    ParcelFrom:
        "parcel from {sender}",
        "Paket von {sender}",
        "paquete de {sender}",
        "colis de {sender}",
        "pakket van {sender}",
        "przesyłka od {sender}";
    StatusUnknown:
        "No status yet",
        "Noch kein Status",
        "Aún sin estado",
        "Pas encore de statut",
        "Nog geen status",
        "Brak statusu";
    LeadUnknown:
        "The carrier has said nothing about this parcel that we can read as a status.",
        "Der Zusteller hat zu diesem Paket noch nichts gemeldet, was wir als Status lesen können.",
        "El transportista aún no ha comunicado nada que podamos leer como estado de este paquete.",
        "Le transporteur n’a encore rien indiqué que nous puissions lire comme un statut.",
        "De vervoerder heeft over dit pakket nog niets gemeld dat wij als status kunnen lezen.",
        "Przewoźnik nie przekazał jeszcze niczego, co możemy odczytać jako status tej przesyłki.";
    StatusAnnounced:
        "Label made",
        "Etikett erstellt",
        "Etiqueta creada",
        "Étiquette créée",
        "Etiket gemaakt",
        "Etykieta gotowa";
    LeadAnnounced:
        "The sender has made the label. The carrier does not have the parcel.",
        "Der Absender hat das Etikett erstellt. Der Zusteller hat das Paket noch nicht.",
        "El remitente ha creado la etiqueta. El transportista aún no tiene el paquete.",
        "L’expéditeur a créé l’étiquette. Le transporteur n’a pas encore le colis.",
        "De afzender heeft het etiket gemaakt. De vervoerder heeft het pakket nog niet.",
        "Nadawca przygotował etykietę. Przewoźnik nie ma jeszcze przesyłki.";
    NotShippedYet:
        "Not shipped yet",
        "Noch nicht versandt",
        "Aún no enviado",
        "Pas encore expédié",
        "Nog niet verzonden",
        "Jeszcze nie wysłano";
    StatusInTransit:
        "With the carrier",
        "Unterwegs",
        "En camino",
        "En transit",
        "Onderweg",
        "W drodze";
    LeadInTransit:
        "The carrier has the parcel, and it is on its way.",
        "Der Zusteller hat das Paket, und es ist auf dem Weg.",
        "El transportista tiene el paquete y está en camino.",
        "Le transporteur a pris le colis en charge et il est en route.",
        "De vervoerder heeft het pakket en het is onderweg.",
        "Przewoźnik odebrał przesyłkę i jest ona w drodze.";
    StatusOutForDelivery:
        "Out for delivery",
        "In Zustellung",
        "En reparto",
        "En cours de livraison",
        "Wordt bezorgd",
        "W doręczeniu";
    LeadOutForDelivery:
        "The parcel is on the last part of its way to you.",
        "Das Paket ist auf dem letzten Stück seines Weges zu Ihnen.",
        "El paquete está en la última parte de su camino hacia usted.",
        "Le colis effectue la dernière partie de son trajet vers vous.",
        "Het pakket is op het laatste deel van de weg naar u.",
        "Przesyłka jest na ostatnim odcinku drogi do Państwa.";
    StatusAtServicePoint:
        "At a service point",
        "In einer Abholstelle",
        "En un punto de recogida",
        "En point de retrait",
        "Bij een afhaalpunt",
        "W punkcie odbioru";
    LeadAtServicePoint:
        "The parcel is waiting at a service point to be collected.",
        "Das Paket liegt in einer Abholstelle zur Abholung bereit.",
        "El paquete espera en un punto de recogida a que lo recojan.",
        "Le colis attend d’être retiré dans un point de retrait.",
        "Het pakket ligt klaar bij een afhaalpunt.",
        "Przesyłka czeka na odbiór w punkcie.";
    StatusDelivered:
        "Delivered",
        "Zugestellt",
        "Entregado",
        "Livré",
        "Bezorgd",
        "Doręczono";
    LeadDelivered:
        "The carrier has handed the parcel over.",
        "Der Zusteller hat das Paket übergeben.",
        "El transportista ha entregado el paquete.",
        "Le transporteur a remis le colis.",
        "De vervoerder heeft het pakket afgegeven.",
        "Przewoźnik przekazał przesyłkę.";
    StatusUndeliverable:
        "Could not be delivered",
        "Nicht zustellbar",
        "No se pudo entregar",
        "Livraison impossible",
        "Kon niet worden bezorgd",
        "Nie udało się doręczyć";
    LeadUndeliverable:
        "The carrier could not hand the parcel over. If you are expecting it, please contact the sender.",
        "Der Zusteller konnte das Paket nicht übergeben. Wenn Sie es erwarten, wenden Sie sich bitte an den Absender.",
        "El transportista no pudo entregar el paquete. Si lo está esperando, póngase en contacto con el remitente.",
        "Le transporteur n’a pas pu remettre le colis. Si vous l’attendez, veuillez contacter l’expéditeur.",
        "De vervoerder kon het pakket niet afgeven. Verwacht u het, neem dan contact op met de afzender.",
        "Przewoźnik nie mógł przekazać przesyłki. Jeśli Państwo na nią czekają, prosimy o kontakt z nadawcą.";
    StatusReturning:
        "On its way back",
        "Auf dem Rückweg",
        "En camino de vuelta",
        "En cours de retour",
        "Op de terugweg",
        "W drodze powrotnej";
    LeadReturning:
        "The carrier is taking the parcel back to the sender.",
        "Der Zusteller bringt das Paket zum Absender zurück.",
        "El transportista está devolviendo el paquete al remitente.",
        "Le transporteur rapporte le colis à l’expéditeur.",
        "De vervoerder brengt het pakket terug naar de afzender.",
        "Przewoźnik wiezie przesyłkę z powrotem do nadawcy.";
    StatusReturned:
        "Back at the sender",
        "Zurück beim Absender",
        "Devuelto al remitente",
        "Retourné à l’expéditeur",
        "Terug bij de afzender",
        "Zwrócono do nadawcy";
    LeadReturned:
        "The parcel went back to the sender.",
        "Das Paket ging an den Absender zurück.",
        "El paquete volvió al remitente.",
        "Le colis est retourné à l’expéditeur.",
        "Het pakket is teruggegaan naar de afzender.",
        "Przesyłka wróciła do nadawcy.";
    StatusLost:
        "Lost",
        "Verloren gegangen",
        "Perdido",
        "Perdu",
        "Kwijtgeraakt",
        "Zaginęła";
    LeadLost:
        "The carrier has given the parcel up as lost. Please contact the sender.",
        "Der Zusteller hat das Paket verloren gegeben. Bitte wenden Sie sich an den Absender.",
        "El transportista da el paquete por perdido. Póngase en contacto con el remitente.",
        "Le transporteur considère le colis comme perdu. Veuillez contacter l’expéditeur.",
        "De vervoerder beschouwt het pakket als verloren. Neem contact op met de afzender.",
        "Przewoźnik uznał przesyłkę za zaginioną. Prosimy o kontakt z nadawcą.";
    StatusCancelled:
        "Cancelled",
        "Storniert",
        "Cancelado",
        "Annulé",
        "Geannuleerd",
        "Anulowano";
    LeadCancelled:
        "The sender has cancelled this shipment.",
        "Der Absender hat diese Sendung storniert.",
        "El remitente ha cancelado este envío.",
        "L’expéditeur a annulé cet envoi.",
        "De afzender heeft deze zending geannuleerd.",
        "Nadawca anulował tę przesyłkę.";
    CarrierSaysStill:
        "The carrier’s own status is still: {status}.",
        "Der Status beim Zusteller ist noch: {status}.",
        "El estado según el transportista sigue siendo: {status}.",
        "Le statut chez le transporteur est encore : {status}.",
        "De status bij de vervoerder is nog: {status}.",
        "Status u przewoźnika to nadal: {status}.";
    LatestNews:
        "Latest news:",
        "Letzte Meldung:",
        "Última novedad:",
        "Dernière nouvelle :",
        "Laatste nieuws:",
        "Ostatnia wiadomość:";
    Stages:
        "Stages of the parcel’s way",
        "Stationen auf dem Weg des Pakets",
        "Etapas del camino del paquete",
        "Étapes du trajet du colis",
        "Stappen op de weg van het pakket",
        "Etapy drogi przesyłki";
    StageDone:
        "done",
        "erledigt",
        "hecho",
        "terminé",
        "klaar",
        "zakończony";
    StageNow:
        "the parcel is here now",
        "hier ist das Paket jetzt",
        "el paquete está aquí ahora",
        "le colis en est là",
        "hier is het pakket nu",
        "tu jest teraz przesyłka";
    StageAhead:
        "not yet",
        "noch nicht",
        "todavía no",
        "pas encore",
        "nog niet",
        "jeszcze nie";
    ThisParcel:
        "This parcel",
        "Dieses Paket",
        "Este paquete",
        "Ce colis",
        "Dit pakket",
        "Ta przesyłka";
    SentBy:
        "Sent by",
        "Absender",
        "Enviado por",
        "Envoyé par",
        "Afzender",
        "Nadawca";
    Service:
        "Service",
        "Versandart",
        "Servicio",
        "Mode d’envoi",
        "Dienst",
        "Usługa";
    TrackingNumber:
        "Tracking number",
        "Sendungsnummer",
        "Número de seguimiento",
        "Numéro de suivi",
        "Trackingnummer",
        "Numer przesyłki";
    Order:
        "Order",
        "Bestellung",
        "Pedido",
        "Commande",
        "Bestelling",
        "Zamówienie";
    Parcel:
        "Parcel",
        "Paket",
        "Paquete",
        "Colis",
        "Pakket",
        "Paczka";
    PlaceOfCount:
        "{place} of {count}",
        "{place} von {count}",
        "{place} de {count}",
        "{place} sur {count}",
        "{place} van {count}",
        "{place} z {count}";
    GoingTo:
        "Going to",
        "Ziel",
        "Destino",
        "Destination",
        "Bestemming",
        "Dokąd";
    WhatHappened:
        "What happened",
        "Was bisher geschah",
        "Qué ha pasado",
        "Historique",
        "Wat er gebeurde",
        "Co się wydarzyło";
    NothingReported:
        "The carrier has not reported anything yet.",
        "Der Zusteller hat noch nichts gemeldet.",
        "El transportista aún no ha comunicado nada.",
        "Le transporteur n’a encore rien signalé.",
        "De vervoerder heeft nog niets gemeld.",
        "Przewoźnik jeszcze niczego nie zgłosił.";
    AnnouncedToCarrier:
        "Announced to the carrier",
        "Dem Zusteller angekündigt",
        "Anunciado al transportista",
        "Annoncé au transporteur",
        "Aangemeld bij de vervoerder",
        "Zgłoszono przewoźnikowi";
    CarrierCode:
        "The carrier’s code {code}",
        "Code {code} des Zustellers",
        "Código {code} del transportista",
        "Code {code} du transporteur",
        "Code {code} van de vervoerder",
        "Kod przewoźnika {code}";
    CourierAssigned:
        "A courier has the job",
        "Ein Kurier hat den Auftrag",
        "Un mensajero tiene el encargo",
        "Un coursier est désigné",
        "Een koerier heeft de opdracht",
        "Kurier przyjął zlecenie";
    OnTheWayToUs:
        "The courier is on the way to the sender",
        "Der Kurier ist auf dem Weg zum Absender",
        "El mensajero va hacia el remitente",
        "Le coursier est en route vers l’expéditeur",
        "De koerier is op weg naar de afzender",
        "Kurier jedzie do nadawcy";
    PickedUp:
        "Picked up from the sender",
        "Beim Absender abgeholt",
        "Recogido del remitente",
        "Enlevé chez l’expéditeur",
        "Opgehaald bij de afzender",
        "Odebrano od nadawcy";
    AtTheDoor:
        "The courier is at the door",
        "Der Kurier steht vor der Tür",
        "El mensajero está en la puerta",
        "Le coursier est devant la porte",
        "De koerier staat voor de deur",
        "Kurier jest pod drzwiami";
    Delayed:
        "Delayed",
        "Verspätet",
        "Con retraso",
        "Retardé",
        "Vertraagd",
        "Opóźniona";
    Problem:
        "Problem:",
        "Problem:",
        "Problema:",
        "Problème :",
        "Probleem:",
        "Problem:";
    AskSender:
        "Questions about this parcel or the order? Please ask {sender}, who sent it.",
        "Fragen zu diesem Paket oder zur Bestellung? Bitte wenden Sie sich an {sender} als Absender.",
        "¿Preguntas sobre este paquete o el pedido? Consulte a {sender}, que lo envió.",
        "Des questions sur ce colis ou la commande ? Adressez-vous à {sender}, qui l’a envoyé.",
        "Vragen over dit pakket of de bestelling? Stel ze aan {sender}, de afzender.",
        "Pytania o tę przesyłkę lub zamówienie? Prosimy zwrócić się do nadawcy: {sender}.";
    TimesThere:
        "Times are those where the parcel goes ({zone}), unless they say “local time”.",
        "Die Zeiten gelten dort, wo das Paket hingeht ({zone}), wenn nicht „Ortszeit“ dabeisteht.",
        "Las horas son las del lugar de destino ({zone}), salvo que diga «hora local».",
        "Les heures sont celles du lieu de destination ({zone}), sauf mention « heure locale ».",
        "De tijden zijn die van de bestemming ({zone}), tenzij er “plaatselijke tijd” bij staat.",
        "Godziny są podane według czasu w miejscu docelowym ({zone}), chyba że zaznaczono „czas lokalny”.";
    TimesByOffset:
        "Each time is given with its distance from UTC, unless it says “local time”.",
        "Bei jeder Zeit steht ihr Abstand zu UTC, wenn nicht „Ortszeit“ dabeisteht.",
        "Cada hora indica su diferencia con UTC, salvo que diga «hora local».",
        "Chaque heure indique son écart avec UTC, sauf mention « heure locale ».",
        "Bij elke tijd staat het verschil met UTC, tenzij er “plaatselijke tijd” bij staat.",
        "Przy każdej godzinie podano różnicę względem UTC, chyba że zaznaczono „czas lokalny”.";
    LocalTime:
        "local time",
        "Ortszeit",
        "hora local",
        "heure locale",
        "plaatselijke tijd",
        "czas lokalny";
    Languages:
        "Language",
        "Sprache",
        "Idioma",
        "Langue",
        "Taal",
        "Język";
    NotFound:
        "We cannot find this parcel",
        "Wir finden dieses Paket nicht",
        "No encontramos este paquete",
        "Nous ne trouvons pas ce colis",
        "We kunnen dit pakket niet vinden",
        "Nie znajdujemy tej przesyłki";
    NotFoundWhy:
        "There is no parcel behind this address. A letter of it may be missing, or the parcel is no longer kept here.",
        "Hinter dieser Adresse gibt es kein Paket. Vielleicht fehlt ein Buchstabe, oder das Paket ist hier nicht mehr gespeichert.",
        "No hay ningún paquete en esta dirección. Puede que falte una letra o que el paquete ya no se guarde aquí.",
        "Il n’y a pas de colis à cette adresse. Une lettre manque peut-être, ou le colis n’est plus conservé ici.",
        "Achter dit adres zit geen pakket. Misschien ontbreekt er een letter, of het pakket wordt hier niet meer bewaard.",
        "Pod tym adresem nie ma przesyłki. Być może brakuje litery albo przesyłka nie jest już tu przechowywana.";
    WhatYouCanDo:
        "What you can do",
        "Was Sie tun können",
        "Qué puede hacer",
        "Ce que vous pouvez faire",
        "Wat u kunt doen",
        "Co można zrobić";
    OpenLinkAgain:
        "Open the link again from the message it came in, or copy the whole of it.",
        "Öffnen Sie den Link noch einmal aus der Nachricht, in der er kam, oder kopieren Sie ihn ganz.",
        "Abra de nuevo el enlace desde el mensaje en que llegó o cópielo entero.",
        "Ouvrez de nouveau le lien depuis le message reçu, ou copiez-le en entier.",
        "Open de link nog eens vanuit het bericht waarin hij stond, of kopieer hem helemaal.",
        "Proszę otworzyć link ponownie z wiadomości, w której przyszedł, albo skopiować go w całości.";
    AskTheShop:
        "If it still does not work, ask the shop you ordered from: they can send you the right link.",
        "Geht es dann noch nicht, fragen Sie den Shop, bei dem Sie bestellt haben: Er kann Ihnen den richtigen Link schicken.",
        "Si sigue sin funcionar, pregunte a la tienda donde compró: puede enviarle el enlace correcto.",
        "Si cela ne marche toujours pas, demandez à la boutique où vous avez commandé : elle peut vous envoyer le bon lien.",
        "Werkt het dan nog niet, vraag het de winkel waar u bestelde: die kan u de juiste link sturen.",
        "Jeśli nadal nie działa, prosimy zapytać sklep, w którym złożono zamówienie: może przesłać właściwy link.";
    Unavailable:
        "Tracking is not available right now",
        "Die Sendungsverfolgung geht gerade nicht",
        "El seguimiento no está disponible ahora",
        "Le suivi n’est pas disponible pour le moment",
        "Volgen is op dit moment niet mogelijk",
        "Śledzenie jest chwilowo niedostępne";
    UnavailableWhy:
        "We cannot look up parcels at the moment. Your parcel is not affected: it travels on.",
        "Wir können Pakete im Moment nicht nachschlagen. Ihr Paket betrifft das nicht: Es reist weiter.",
        "En este momento no podemos consultar paquetes. Su paquete no se ve afectado: sigue su camino.",
        "Nous ne pouvons pas consulter les colis pour le moment. Le vôtre n’est pas concerné : il poursuit sa route.",
        "We kunnen nu geen pakketten opzoeken. Voor uw pakket maakt dat niet uit: het reist verder.",
        "W tej chwili nie możemy wyszukiwać przesyłek. Państwa przesyłki to nie dotyczy: jedzie dalej.";
    TryAgainSoon:
        "Please try again in a few minutes. The link stays good.",
        "Bitte versuchen Sie es in ein paar Minuten noch einmal. Der Link bleibt gültig.",
        "Vuelva a intentarlo en unos minutos. El enlace sigue siendo válido.",
        "Réessayez dans quelques minutes. Le lien reste valable.",
        "Probeer het over een paar minuten opnieuw. De link blijft geldig.",
        "Proszę spróbować ponownie za kilka minut. Link pozostaje ważny.";
    SubjectInTransit:
        "Your parcel from {sender} is on its way",
        "Ihr Paket von {sender} ist unterwegs",
        "Su paquete de {sender} está en camino",
        "Votre colis de {sender} est en route",
        "Uw pakket van {sender} is onderweg",
        "Państwa przesyłka od {sender} jest w drodze";
    SubjectOutForDelivery:
        "Your parcel from {sender} is out for delivery",
        "Ihr Paket von {sender} ist in Zustellung",
        "Su paquete de {sender} está en reparto",
        "Votre colis de {sender} est en cours de livraison",
        "Uw pakket van {sender} wordt bezorgd",
        "Państwa przesyłka od {sender} jest w doręczeniu";
    SubjectAtServicePoint:
        "Your parcel from {sender} is ready to be collected",
        "Ihr Paket von {sender} liegt zur Abholung bereit",
        "Su paquete de {sender} está listo para recoger",
        "Votre colis de {sender} est prêt à être retiré",
        "Uw pakket van {sender} ligt klaar om af te halen",
        "Państwa przesyłka od {sender} czeka na odbiór";
    SubjectDelivered:
        "Your parcel from {sender} was delivered",
        "Ihr Paket von {sender} wurde zugestellt",
        "Su paquete de {sender} ha sido entregado",
        "Votre colis de {sender} a été livré",
        "Uw pakket van {sender} is bezorgd",
        "Państwa przesyłka od {sender} została doręczona";
    SubjectUndeliverable:
        "Your parcel from {sender} could not be delivered",
        "Ihr Paket von {sender} konnte nicht zugestellt werden",
        "Su paquete de {sender} no se pudo entregar",
        "Votre colis de {sender} n’a pas pu être livré",
        "Uw pakket van {sender} kon niet worden bezorgd",
        "Państwa przesyłki od {sender} nie udało się doręczyć";
    SubjectReturning:
        "Your parcel from {sender} is on its way back",
        "Ihr Paket von {sender} ist auf dem Rückweg",
        "Su paquete de {sender} está en camino de vuelta",
        "Votre colis de {sender} est en cours de retour",
        "Uw pakket van {sender} is op de terugweg",
        "Państwa przesyłka od {sender} wraca do nadawcy";
    SubjectReturned:
        "Your parcel from {sender} went back to the sender",
        "Ihr Paket von {sender} ging an den Absender zurück",
        "Su paquete de {sender} ha vuelto al remitente",
        "Votre colis de {sender} est retourné à l’expéditeur",
        "Uw pakket van {sender} is teruggegaan naar de afzender",
        "Państwa przesyłka od {sender} wróciła do nadawcy";
    SubjectLost:
        "Your parcel from {sender} is lost",
        "Ihr Paket von {sender} ist verloren gegangen",
        "Su paquete de {sender} se ha perdido",
        "Votre colis de {sender} est perdu",
        "Uw pakket van {sender} is kwijtgeraakt",
        "Państwa przesyłka od {sender} zaginęła";
    FollowParcel:
        "Follow your parcel",
        "Paket verfolgen",
        "Seguir el paquete",
        "Suivre le colis",
        "Volg uw pakket",
        "Śledź przesyłkę";
    ReplyWithQuestions:
        "Questions? Simply reply to this message.",
        "Fragen? Antworten Sie einfach auf diese Nachricht.",
        "¿Preguntas? Responda a este mensaje.",
        "Des questions ? Répondez simplement à ce message.",
        "Vragen? Beantwoord dit bericht.",
        "Pytania? Wystarczy odpowiedzieć na tę wiadomość.";
    WhyYouGetThis:
        "You get this message because {sender} sends you a parcel. It was written by a machine.",
        "Sie erhalten diese Nachricht, weil {sender} Ihnen ein Paket schickt. Sie wurde automatisch erstellt.",
        "Recibe este mensaje porque {sender} le envía un paquete. Se ha generado automáticamente.",
        "Vous recevez ce message parce que {sender} vous envoie un colis. Il a été généré automatiquement.",
        "U krijgt dit bericht omdat {sender} u een pakket stuurt. Het is automatisch gemaakt.",
        "Otrzymują Państwo tę wiadomość, ponieważ {sender} wysyła Państwu przesyłkę. Powstała automatycznie.";
}
